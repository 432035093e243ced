//! `timeout`: nothing comes through, and after a while the connection closes.

use std::time::Duration;

use tokio::time::Instant;

use super::clock::after;
use super::tap::Tap;
use crate::engine::stage::{Leaving, Mark, Pull, Stage, Upstream, earlier};
use crate::toxic::Standard;

#[derive(Debug)]
pub(super) struct Timeout {
    /// In milliseconds; 0 = never.
    closes_after: u64,
    start: Instant,
    tap: Tap,
    closed: bool,
}

impl Timeout {
    pub(super) fn new(timeout: u64, now: Instant) -> Self {
        Self {
            closes_after: timeout,
            start: now,
            tap: Tap::default(),
            closed: false,
        }
    }

    fn closes(&self) -> Option<Instant> {
        (self.closes_after > 0).then(|| after(self.start, Duration::from_millis(self.closes_after)))
    }
}

impl Stage for Timeout {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.closed {
            return Pull::Wait(None);
        }
        let closes = self.closes();
        if closes.is_some_and(|closes| closes <= now) {
            self.closed = true;
            return Pull::Mark(Mark::Close);
        }
        // A final mark vanishes too: from a black hole nobody learns that a peer has gone.
        match self.tap.drain(now, upstream) {
            Pull::Wait(more) => Pull::Wait(earlier(closes, more)),
            _ => Pull::Wait(closes),
        }
    }

    fn refit(&mut self, standard: &Standard, _: Instant) {
        if let Standard::Timeout { timeout } = *standard {
            self.closes_after = timeout;
        }
    }

    /// After what it has swallowed the two sides could only misunderstand each other.
    fn leave(self: Box<Self>) -> Leaving {
        Leaving::Close
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::standard::script::{Clock, Script, mark, run};

    #[test]
    fn it_closes_once_at_its_time_whatever_came() {
        for end in [Mark::End, Mark::Close, Mark::Reset] {
            let mut script = Script::new()
                .chunk(0, "a")
                .mark(20, Mark::Upgrade)
                .chunk(90, "b")
                .mark(95, end);
            let mut stage = Timeout::new(100, script.start());
            assert_eq!(run(&mut stage, &mut script), [mark(100, Mark::Close)]);
        }
    }

    #[test]
    fn it_closes_a_silent_connection() {
        let mut script = Script::new();
        let mut stage = Timeout::new(100, script.start());
        assert_eq!(run(&mut stage, &mut script), [mark(100, Mark::Close)]);
    }

    #[test]
    fn without_a_time_it_swallows_for_ever_and_its_removal_closes() {
        let mut script = Script::new().chunk(0, "a").mark(20, Mark::End);
        let mut stage = Timeout::new(0, script.start());
        assert_eq!(run(&mut stage, &mut script), []);
        assert_eq!(script.rest().count(), 0);
        assert_eq!(Box::new(stage).leave(), Leaving::Close);
    }

    #[test]
    fn a_change_counts_from_the_start_too() {
        let mut script = Script::new();
        let mut stage = Timeout::new(0, script.start());
        let now = script.at(50);
        stage.refit(&Standard::Timeout { timeout: 80 }, now);
        let output = Clock::exact(now).run(&mut stage, &mut script, 1000);
        assert_eq!(output, [mark(80, Mark::Close)]);

        let mut stage = Timeout::new(1000, script.start());
        stage.refit(&Standard::Timeout { timeout: 10 }, now);
        assert_eq!(stage.pull(now, &mut script), Pull::Mark(Mark::Close));
    }
}
