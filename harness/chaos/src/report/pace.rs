//! How fast a run goes: rates from counts that only grow.

use std::collections::VecDeque;
use std::time::Duration;

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were answered, failures included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Logins that were decided, refusals included.
    pub logins: u64,
}

/// What happened per second over the last [`WINDOW`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) requests: f64,
    pub(super) failures: f64,
    pub(super) logins: f64,
}

/// Long enough for a number that can be read, short enough to show a fault.
const WINDOW: Duration = Duration::from_secs(2);

/// Counts of the last moments.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(Duration, Counts)>);

impl Pace {
    pub(super) fn take(&mut self, at: Duration, counts: Counts) {
        self.0.push_back((at, counts));
        // One from before the window stays: rates are differences.
        while self.0.get(1).is_some_and(|(next, _)| *next + WINDOW <= at) {
            self.0.pop_front();
        }
    }

    pub(super) fn rates(&self) -> Rates {
        let (Some((from, before)), Some((to, after))) = (self.0.front(), self.0.back()) else {
            return Rates::default();
        };
        rates(to.saturating_sub(*from), *before, *after)
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown without digits")]
fn rates(time: Duration, before: Counts, after: Counts) -> Rates {
    if time.is_zero() {
        return Rates::default();
    }
    let rate = |before: u64, after: u64| after.saturating_sub(before) as f64 / time.as_secs_f64();
    Rates {
        requests: rate(before.requests, after.requests),
        failures: rate(before.failures, after.failures),
        logins: rate(before.logins, after.logins),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_two_seconds() {
        let mut pace = Pace::default();
        assert_eq!(pace.rates(), Rates::default());
        for quarter in 0..=40_u32 {
            // 100 a second for 5 s, then 400 a second.
            let fast = quarter.saturating_sub(20);
            let counts = Counts {
                requests: u64::from(quarter * 25 + fast * 75),
                failures: u64::from(fast),
                logins: 0,
            };
            pace.take(Duration::from_millis(250) * quarter, counts);
        }
        let wanted = Rates {
            requests: 400.0,
            failures: 4.0,
            logins: 0.0,
        };
        assert_eq!(pace.rates(), wanted);
    }
}
