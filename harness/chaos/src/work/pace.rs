//! No more requests a second than two cores can serve that also run PostgreSQL: what is to be seen
//! is what faults do, and not what a crowd does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The cap on the requests of all clients together.
const REQUESTS_A_SECOND: u64 = 450;
/// Microseconds from one to the next.
const APART: u64 = 1_000_000 / REQUESTS_A_SECOND;

/// One row of places for all clients: each request takes the next.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// Microseconds from then to the next free place.
    next: AtomicU64,
}

impl Pace {
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            next: AtomicU64::new(0),
        }
    }

    /// How long to wait for a place. Places that nobody took are gone.
    pub(super) fn wait(&self) -> Duration {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let place = |next: u64| next.max(now);
        let taken = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                Some(place(next) + APART)
            });
        Duration::from_micros(place(taken.unwrap_or(now)) - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_waits_in_a_row() {
        let pace = Pace::begin();
        let last = (0..=REQUESTS_A_SECOND).map(|_| pace.wait()).last();
        let second = Duration::from_micros(REQUESTS_A_SECOND * APART);
        let took = pace.began.elapsed();
        // Whatever has passed meanwhile is not waited for again.
        assert!(last.is_some_and(|last| last + took >= second && last <= second));
    }
}
