//! Who made a thing: the mark that tells a live run's folders and containers from a dead one's.
//!
//! A pid alone can be used again, so a mark also holds when that process started and on which
//! boot. Containers may be seen by processes of another machine or pid namespace: [`scope`] keeps
//! them apart.

use std::fs;
use std::process;

/// `boot:pid:start` of a process, as written into marker files and labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// This process.
    pub fn me() -> Self {
        let pid = i32::try_from(process::id()).unwrap_or(0);
        Self::of(pid).unwrap_or_else(|| Self(format!("{}:{pid}:0", boot())))
    }

    /// The process with this pid, or `None` when there is none.
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self(format!("{}:{pid}:{}", boot(), started(pid)?)))
    }

    pub fn parse(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn pid(&self) -> Option<i32> {
        self.0.split(':').nth(1)?.parse().ok()
    }

    /// Whether that very process (not another one under its pid) is running.
    pub fn alive(&self) -> bool {
        self.pid()
            .and_then(Self::of)
            .is_some_and(|now| now == *self)
    }
}

/// The pid namespace and machine that this process's pids mean something in.
pub fn scope() -> String {
    let namespace = fs::read_link("/proc/self/ns/pid")
        .map(|link| link.to_string_lossy().into_owned())
        .unwrap_or_default();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{namespace}", host.trim())
}

fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.chars().take(8).collect()
}

/// The start time in clock ticks since boot (proc(5), field 22 of stat); `None` for a zombie too,
/// which holds nothing any more.
fn started(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command may hold blanks and parentheses; the fields begin after the last one.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_another_under_its_pid_does_not() {
        let me = Owner::me();
        assert!(me.alive());
        assert_eq!(Owner::parse(me.as_str()), me);
        let earlier = Owner::parse(&format!("{}:{}:1", boot(), process::id()));
        assert!(!earlier.alive());
        assert!(!Owner::parse("garbage").alive());
    }
}
