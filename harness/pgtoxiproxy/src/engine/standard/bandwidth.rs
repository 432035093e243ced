//! `bandwidth`: no more than so many bytes a second.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::tap::Tap;
use crate::engine::stage::{Leaving, Pull, Stage, Upstream};
use crate::toxic::Standard;

/// Longer chunks are cut, so that the reader sees a stream and not a burst now and then.
const SLICE_MILLIS: u64 = 20;
/// A timer wakes late and a write takes its time; so much of what that lost is caught up. What a slow
/// reader lost is not.
const CATCH_UP: Duration = Duration::from_millis(50);
/// Nothing to carry for so long is nothing sent; for less it is the time that a read takes.
const BRIEF: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct Bandwidth {
    /// In KB/s, which is bytes a millisecond.
    rate: u64,
    tap: Tap,
    held: Bytes,
    /// The rate has changed: what is held has waited for the old one and leaves.
    loose: bool,
    /// Since when the line can carry what comes next.
    free: Instant,
    /// Since when there has been nothing to carry.
    idle: Option<Instant>,
}

impl Bandwidth {
    pub(super) fn new(rate: u64, now: Instant) -> Self {
        Self {
            rate,
            tap: Tap::default(),
            held: Bytes::new(),
            loose: false,
            free: now,
            idle: None,
        }
    }

    fn hold(&mut self, bytes: Bytes, now: Instant) {
        self.held = bytes;
        let idle = self.idle.take().map(|since| now - since);
        let most = if idle.is_some_and(|idle| idle > BRIEF) {
            Duration::ZERO
        } else {
            CATCH_UP
        };
        self.forget(most, now);
    }

    /// The line has been free for no longer than `most`.
    fn forget(&mut self, most: Duration, now: Instant) {
        self.free = now - (now - self.free).min(most);
    }

    /// The next slice of what is held, once the line has carried it.
    fn slice(&mut self, now: Instant) -> Pull {
        let size = self.held.len().min(self.longest());
        let leaves = self.free + self.carrying(size);
        if now < leaves {
            return Pull::Wait(Some(leaves));
        }
        self.free = leaves;
        self.forget(CATCH_UP, now);
        Pull::Chunk(self.held.split_to(size))
    }

    fn longest(&self) -> usize {
        usize::try_from(self.rate.saturating_mul(SLICE_MILLIS)).unwrap_or(usize::MAX)
    }

    fn carrying(&self, size: usize) -> Duration {
        Duration::from_nanos((size as u64).saturating_mul(1_000_000) / self.rate)
    }
}

impl Stage for Bandwidth {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.loose {
            self.loose = false;
            return Pull::Chunk(std::mem::take(&mut self.held));
        }
        if self.rate == 0 {
            return Pull::Wait(None);
        }
        if self.held.is_empty() {
            match self.tap.pull(now, upstream) {
                Pull::Chunk(bytes) => self.hold(bytes, now),
                Pull::Wait(more) => {
                    self.idle.get_or_insert(now);
                    return Pull::Wait(more);
                }
                mark @ Pull::Mark(_) => return mark,
            }
        }
        self.slice(now)
    }

    fn refit(&mut self, standard: &Standard, now: Instant) {
        if let Standard::Bandwidth { rate } = *standard {
            self.rate = rate;
        }
        self.loose = !self.held.is_empty();
        self.free = now;
    }

    fn leave(self: Box<Self>) -> Leaving {
        let held = Some(self.held).filter(|held| !held.is_empty());
        Leaving::Pass(held.map(Pull::Chunk).into_iter().collect::<VecDeque<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stage::Mark;
    use crate::engine::standard::script::{Clock, Output, Script, chunk, mark, run};

    fn seconds(output: &Output) -> f64 {
        output.last().expect("something").0.as_secs_f64()
    }

    #[test]
    fn a_chunk_is_cut_and_carried_evenly() {
        let mut script = Script::new().chunk(5, vec![7; 50]).mark(5, Mark::End);
        let expected = [
            chunk(25, vec![7; 20]),
            chunk(45, vec![7; 20]),
            chunk(55, vec![7; 10]),
            mark(55, Mark::End),
        ];
        assert_eq!(
            run(&mut Bandwidth::new(1, script.start()), &mut script),
            expected
        );
    }

    #[test]
    fn a_megabyte_takes_its_second_whatever_its_chunks() {
        for size in [1, 100, 8192, 1_000_000_usize] {
            // The line is idle at first, which must not be held against what follows.
            let mut script = Script::new();
            for at in (0..1_000_000).step_by(size) {
                script = script.chunk(10, vec![0; size.min(1_000_000 - at)]);
            }
            let late = [3, 1, 0, 12].map(Duration::from_millis);
            let start = script.start();
            let mut clock = Clock::late(start, &late);
            let output = clock.run(&mut Bandwidth::new(1000, start), &mut script, 3_600_000);
            let seconds = seconds(&output);
            assert!((1.0..1.03).contains(&seconds), "{size}: {seconds}");
        }
    }

    #[test]
    fn every_tenth_of_a_second_has_its_share() {
        let mut script = Script::new().chunk(0, vec![0; 100_000]);
        let output = run(&mut Bandwidth::new(100, script.start()), &mut script);
        for tenth in 0..10_u64 {
            let share = |(time, pull): &(Duration, Pull)| match pull {
                Pull::Chunk(bytes) if time.as_millis().div_ceil(100) == u128::from(tenth) + 1 => {
                    bytes.len()
                }
                _ => 0,
            };
            assert_eq!(output.iter().map(share).sum::<usize>(), 10_000);
        }
    }

    #[test]
    fn an_idle_line_saves_nothing_up() {
        let mut script = Script::new().chunk(0, "a").chunk(500, vec![0; 20]);
        let expected = [chunk(1, "a"), chunk(520, vec![0; 20])];
        let mut stage = Bandwidth::new(1, script.start());
        assert_eq!(run(&mut stage, &mut script), expected);
    }

    #[test]
    fn a_slow_reader_is_not_made_up_for() {
        let mut script = Script::new().chunk(0, vec![0; 100_000]);
        let mut stage = Bandwidth::new(100, script.start());
        let (now, later) = (script.start(), script.at(10_000));
        assert!(matches!(stage.pull(now, &mut script), Pull::Wait(Some(_))));
        let mut clock = Clock::exact(later);
        let output = clock.run(&mut stage, &mut script, 60_000);
        // One slice that was due, and those of the 50 ms.
        assert!((10.9..10.95).contains(&seconds(&output)), "{output:?}");
    }

    #[test]
    fn at_rate_0_nothing_is_taken_until_it_changes() {
        let mut script = Script::new().chunk(0, vec![0; 20]);
        let mut stage = Bandwidth::new(0, script.start());
        assert_eq!(run(&mut stage, &mut script), []);
        let now = script.at(100);
        stage.refit(&Standard::Bandwidth { rate: 1 }, now);
        let output = Clock::exact(now).run(&mut stage, &mut script, 1000);
        assert_eq!(output, [chunk(120, vec![0; 20])]);
    }

    #[test]
    fn a_change_lets_go_what_is_held() {
        let mut script = Script::new().chunk(0, vec![1; 100]).chunk(0, "b");
        let mut stage = Bandwidth::new(1, script.start());
        let now = script.start();
        assert!(matches!(stage.pull(now, &mut script), Pull::Wait(Some(_))));
        stage.refit(&Standard::Bandwidth { rate: 0 }, now);
        assert_eq!(run(&mut stage, &mut script), [chunk(0, vec![1; 100])]);
        assert_eq!(script.rest().count(), 1);
    }

    #[test]
    fn what_is_held_goes_on_at_the_end() {
        let mut script = Script::new().chunk(0, vec![1; 30]);
        let mut stage = Bandwidth::new(1, script.start());
        let output = Clock::exact(script.start()).run(&mut stage, &mut script, 20);
        assert_eq!(output, [chunk(20, vec![1; 20])]);
        let held = [Pull::Chunk(vec![1; 10].into())];
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(held.into()));
    }
}
