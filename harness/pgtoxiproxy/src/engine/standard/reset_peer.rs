//! `reset_peer`: after a while the connection is reset, and nothing comes through till then.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::after;
use super::tap::Tap;
use crate::engine::stage::{Leaving, Mark, Pull, Stage, Upstream, earlier};
use crate::toxic::Standard;

#[derive(Debug)]
pub(super) struct ResetPeer {
    timeout: Duration,
    start: Instant,
    tap: Tap,
    /// The connection's own end: it would forestall the reset, and is due if the toxic goes first.
    held: Option<Mark>,
    reset: bool,
}

impl ResetPeer {
    pub(super) fn new(timeout: u64, now: Instant) -> Self {
        Self {
            timeout: Duration::from_millis(timeout),
            start: now,
            tap: Tap::default(),
            held: None,
            reset: false,
        }
    }
}

impl Stage for ResetPeer {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.reset {
            return Pull::Wait(None);
        }
        let resets = after(self.start, self.timeout);
        if resets <= now {
            self.reset = true;
            self.held = None;
            return Pull::Mark(Mark::Reset);
        }
        // Bytes are dropped as the original does: their receiver would answer, or close in peace.
        let more = match self.tap.drain(now, upstream) {
            Pull::Wait(more) => more,
            Pull::Mark(end) => {
                self.held = Some(end);
                None
            }
            Pull::Chunk(_) => None,
        };
        Pull::Wait(earlier(Some(resets), more))
    }

    fn refit(&mut self, standard: &Standard, _: Instant) {
        if let Standard::ResetPeer { timeout } = *standard {
            self.timeout = Duration::from_millis(timeout);
        }
    }

    fn leave(self: Box<Self>) -> Leaving {
        let held = self.held.map(Pull::Mark);
        Leaving::Pass(held.into_iter().collect::<VecDeque<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::standard::script::{Clock, Script, mark, run};

    #[test]
    fn a_silent_connection_is_reset_at_its_time() {
        let mut script = Script::new();
        let mut stage = ResetPeer::new(100, script.start());
        assert_eq!(run(&mut stage, &mut script), [mark(100, Mark::Reset)]);
    }

    #[test]
    fn without_a_time_it_resets_at_once() {
        let mut script = Script::new().chunk(0, "a");
        let mut stage = ResetPeer::new(0, script.start());
        assert_eq!(run(&mut stage, &mut script), [mark(0, Mark::Reset)]);
    }

    #[test]
    fn nothing_comes_through_and_nothing_puts_it_off() {
        for end in [Mark::End, Mark::Close] {
            let mut script = Script::new()
                .chunk(0, "a")
                .mark(20, Mark::Upgrade)
                .chunk(90, "b")
                .mark(95, end);
            let mut stage = ResetPeer::new(100, script.start());
            assert_eq!(run(&mut stage, &mut script), [mark(100, Mark::Reset)]);
        }
    }

    #[test]
    fn a_change_counts_from_the_start_too() {
        let mut script = Script::new();
        let mut stage = ResetPeer::new(1000, script.start());
        let now = script.at(50);
        stage.refit(&Standard::ResetPeer { timeout: 80 }, now);
        let output = Clock::exact(now).run(&mut stage, &mut script, 500);
        assert_eq!(output, [mark(80, Mark::Reset)]);
    }

    #[test]
    fn removed_after_its_reset_it_leaves_nothing() {
        let mut script = Script::new().mark(20, Mark::End);
        let mut stage = ResetPeer::new(100, script.start());
        assert_eq!(run(&mut stage, &mut script), [mark(100, Mark::Reset)]);
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(VecDeque::new()));
    }

    #[test]
    fn removed_before_its_time_it_leaves_the_end() {
        let mut script = Script::new().chunk(0, "a").mark(20, Mark::End);
        let mut stage = ResetPeer::new(100, script.start());
        let start = script.start();
        assert_eq!(Clock::exact(start).run(&mut stage, &mut script, 50), []);
        let held = [Pull::Mark(Mark::End)];
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(held.into()));
    }
}
