//! What a process has used: CPU and memory, from /proc (proc(5)).

use std::fs;
use std::time::Duration;

/// Ticks of the CPU columns a second; Linux shows a hundred to user space everywhere.
const TICKS: u64 = 100;

/// User and system time of all threads.
pub(super) fn cpu(pid: i32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command stands in brackets and may contain anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1000 / TICKS))
}

/// Resident memory in bytes.
pub(super) fn memory(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Its CPU while some work ran.
pub(super) struct Meter {
    pid: Option<i32>,
    before: Option<Duration>,
}

impl Meter {
    pub(super) fn start(pid: Option<i32>) -> Self {
        let before = pid.and_then(cpu);
        Self { pid, before }
    }

    /// Microseconds a unit.
    pub(super) fn per(&self, units: f64) -> Option<f64> {
        let used = self.pid.and_then(cpu)?.checked_sub(self.before?)?;
        (units > 0.0).then(|| used.as_secs_f64() * 1e6 / units)
    }
}
