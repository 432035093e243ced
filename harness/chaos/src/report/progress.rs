//! How a run goes, in the terminal: a bar over its seconds with the phase, the faults of the moment and
//! rates. Where nobody watches (a pipe, CI) it is a plain line every ten seconds instead.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pace::{Counts, Pace};

/// Shows how a run goes, on stderr.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    total: Duration,
    shown: Shown,
    now: Mutex<Now>,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

/// What there is to show.
#[derive(Debug, Default)]
struct Now {
    phase: String,
    faults: Vec<String>,
    pace: Pace,
    /// How many lines there have been.
    lines: u32,
}

const BETWEEN_LINES: Duration = Duration::from_secs(10);

impl Progress {
    /// Begins to show a run that will take about `total`. `interactive` says whether stderr is a
    /// terminal, as [`std::io::IsTerminal`] tells.
    pub fn begin(total: Duration, interactive: bool) -> Self {
        let shown = if interactive {
            Shown::Bar(bar(total))
        } else {
            Shown::Lines
        };
        Self::new(total, shown)
    }

    /// Shows nothing, for runs that are a part of something else.
    pub fn silent() -> Self {
        Self::new(Duration::ZERO, Shown::Nothing)
    }

    /// The run enters a phase.
    pub fn phase(&self, name: &str) {
        name.clone_into(&mut self.now().phase);
        self.show();
    }

    /// The faults of the moment, in words.
    pub fn faults(&self, words: &[String]) {
        words.clone_into(&mut self.now().faults);
    }

    /// What has happened so far. Cheap: to be called some four times a second.
    pub fn count(&self, counts: Counts) {
        let elapsed = self.began.elapsed();
        self.now().pace.take(elapsed, counts);
        self.show();
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }

    fn new(total: Duration, shown: Shown) -> Self {
        Self {
            began: Instant::now(),
            total,
            shown,
            now: Mutex::default(),
        }
    }

    fn show(&self) {
        let elapsed = self.began.elapsed();
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(millis(elapsed.min(self.total)));
                let now = self.now();
                bar.set_prefix(format!("{} {}", clock(elapsed, self.total), now.rates()));
                bar.set_message(now.faults.join(" | "));
            }
            Shown::Lines => {
                if let Some(line) = self.now().line(elapsed, self.total) {
                    eprintln!("{line}");
                }
            }
            Shown::Nothing => {}
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn rates(&self) -> String {
        let rates = self.pace.rates();
        format!(
            "{}: {:.0} requests/s, {:.0} failures/s, {:.0} logins/s",
            self.phase, rates.requests, rates.failures, rates.logins
        )
    }

    /// A line when it is time for the next one.
    fn line(&mut self, elapsed: Duration, total: Duration) -> Option<String> {
        let due = BETWEEN_LINES * (self.lines + 1);
        if elapsed < due {
            return None;
        }
        while BETWEEN_LINES * (self.lines + 1) <= elapsed {
            self.lines += 1;
        }
        let mut line = format!("{} {}", clock(elapsed, total), self.rates());
        for fault in &self.faults {
            // Writing to a String cannot fail.
            let _ = write!(line, " | {fault}");
        }
        Some(line)
    }
}

/// Whole seconds, of how many.
fn clock(elapsed: Duration, total: Duration) -> String {
    format!("{:>3} of {} s", elapsed.as_secs(), total.as_secs())
}

fn bar(total: Duration) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(millis(total)), ProgressDrawTarget::stderr());
    // The faults have a line of their own, of which a narrow terminal shows what fits.
    let style = ProgressStyle::with_template("{bar:12.cyan/blue} {prefix}\n{wide_msg}");
    bar.with_style(style.expect("the template is sound"))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: Duration = Duration::from_secs(64);

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn now() -> Now {
        let mut now = Now {
            phase: "storm".to_owned(),
            faults: vec!["pooler: kill".to_owned(), "clients: reset".to_owned()],
            ..Now::default()
        };
        let counts = |requests| Counts {
            requests,
            failures: requests / 100,
            logins: requests / 50,
        };
        now.pace.take(second(10), counts(1_000));
        now.pace.take(second(12), counts(1_800));
        now
    }

    #[test]
    fn there_is_a_line_every_ten_seconds() {
        let mut now = now();
        assert_eq!(now.line(second(9), TOTAL), None);
        assert_eq!(
            now.line(second(12), TOTAL).as_deref(),
            Some(
                " 12 of 64 s storm: 400 requests/s, 4 failures/s, 8 logins/s \
                 | pooler: kill | clients: reset"
            )
        );
        assert_eq!(now.line(second(19), TOTAL), None);
        assert!(now.line(second(45), TOTAL).is_some());
        assert_eq!(now.line(second(49), TOTAL), None);
        assert!(now.line(second(50), TOTAL).is_some());
    }

    #[test]
    fn the_bar_takes_what_it_is_told() {
        for progress in [
            Progress::begin(TOTAL, true),
            Progress::begin(TOTAL, false),
            Progress::silent(),
        ] {
            progress.phase("storm");
            progress.faults(&["pooler: kill".to_owned()]);
            progress.count(Counts::default());
            progress.finish();
        }
    }
}
