//! `slow_close`: bytes pass, the end comes late.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::after;
use super::tap::Tap;
use crate::engine::stage::{Leaving, Mark, Pull, Stage, Upstream};
use crate::toxic::Standard;

#[derive(Debug)]
pub(super) struct SlowClose {
    delay: Duration,
    tap: Tap,
    /// The end, and the time it leaves at.
    held: Option<(Instant, Mark)>,
}

impl SlowClose {
    pub(super) fn new(delay: u64) -> Self {
        Self {
            delay: Duration::from_millis(delay),
            tap: Tap::default(),
            held: None,
        }
    }
}

impl Stage for SlowClose {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.held.is_none() {
            match self.tap.pull(now, upstream) {
                Pull::Mark(mark @ (Mark::End | Mark::Close)) => {
                    self.held = Some((after(now, self.delay), mark));
                }
                other => return other,
            }
        }
        match self.held {
            Some((leaves, _)) if leaves > now => Pull::Wait(Some(leaves)),
            _ => self
                .held
                .take()
                .map_or(Pull::Wait(None), |(_, mark)| Pull::Mark(mark)),
        }
    }

    fn refit(&mut self, standard: &Standard, now: Instant) {
        if let Standard::SlowClose { delay } = *standard {
            self.delay = Duration::from_millis(delay);
        }
        if let Some((leaves, _)) = &mut self.held {
            *leaves = now;
        }
    }

    fn leave(self: Box<Self>) -> Leaving {
        let held = self.held.map(|(_, mark)| Pull::Mark(mark));
        Leaving::Pass(held.into_iter().collect::<VecDeque<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::standard::script::{Clock, Script, chunk, mark, run};

    #[test]
    fn only_the_end_is_late() {
        for end in [Mark::End, Mark::Close] {
            let mut script = Script::new()
                .chunk(0, "a")
                .mark(1, Mark::Upgrade)
                .chunk(3, "b")
                .mark(4, end);
            let expected = [
                chunk(0, "a"),
                mark(1, Mark::Upgrade),
                chunk(3, "b"),
                mark(104, end),
            ];
            assert_eq!(run(&mut SlowClose::new(100), &mut script), expected);
        }
    }

    #[test]
    fn a_reset_is_not_late() {
        let mut script = Script::new().chunk(0, "a").mark(4, Mark::Reset);
        let expected = [chunk(0, "a"), mark(4, Mark::Reset)];
        assert_eq!(run(&mut SlowClose::new(100), &mut script), expected);
    }

    #[test]
    fn a_change_lets_go_what_is_held() {
        let mut script = Script::new().mark(0, Mark::End);
        let mut stage = SlowClose::new(100);
        let (start, later) = (script.start(), script.at(50));
        assert_eq!(Clock::exact(start).run(&mut stage, &mut script, 50), []);
        stage.refit(&Standard::SlowClose { delay: 100 }, later);
        let output = Clock::exact(later).run(&mut stage, &mut script, 200);
        assert_eq!(output, [mark(50, Mark::End)]);
    }

    #[test]
    fn what_is_held_goes_on_at_the_end() {
        let mut script = Script::new().mark(0, Mark::Close);
        let mut stage = SlowClose::new(100);
        let now = script.start();
        assert_eq!(
            stage.pull(now, &mut script),
            Pull::Wait(Some(script.at(100)))
        );
        let held = [Pull::Mark(Mark::Close)];
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(held.into()));
    }
}
