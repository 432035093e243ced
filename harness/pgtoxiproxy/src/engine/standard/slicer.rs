//! `slicer`: small writes, one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::clock::after;
use super::tap::Tap;
use crate::engine::dice::Dice;
use crate::engine::stage::{Leaving, Pull, Stage, Upstream};
use crate::toxic::Standard;

/// Timers wake a millisecond late, which is much beside delays in microseconds; so much of that is
/// caught up within a chunk.
const CATCH_UP: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct Slicer {
    average_size: u64,
    size_variation: u64,
    delay: Duration,
    dice: Dice,
    tap: Tap,
    held: Bytes,
    /// The attributes have changed: what is held has waited for the old ones and leaves whole.
    loose: bool,
    /// The next slice doesn't leave before this.
    due: Instant,
}

impl Slicer {
    pub(super) fn new(
        average_size: u64,
        size_variation: u64,
        delay: u64,
        dice: Dice,
        now: Instant,
    ) -> Self {
        Self {
            average_size,
            size_variation,
            delay: Duration::from_micros(delay),
            dice,
            tap: Tap::default(),
            held: Bytes::new(),
            loose: false,
            due: now,
        }
    }

    fn slice(&mut self, now: Instant) -> Pull {
        if now < self.due {
            return Pull::Wait(Some(self.due));
        }
        let late = (now - self.due).min(CATCH_UP);
        self.due = after(now - late, self.delay);
        let size = self.size();
        Pull::Chunk(self.held.split_to(size))
    }

    /// How much of what is held comes next. The last slice may be as long as any, so that no crumb
    /// is left over.
    fn size(&mut self) -> usize {
        let held = self.held.len();
        if held as u64 <= self.average_size.saturating_add(self.size_variation) {
            return held;
        }
        let size = self
            .average_size
            .saturating_add_signed(self.dice.around(self.size_variation));
        usize::try_from(size).unwrap_or(held).clamp(1, held)
    }
}

impl Stage for Slicer {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.loose {
            self.loose = false;
            return Pull::Chunk(std::mem::take(&mut self.held));
        }
        if self.held.is_empty() {
            match self.tap.pull(now, upstream) {
                Pull::Chunk(bytes) => self.held = bytes,
                other => return other,
            }
            self.due = self.due.max(now);
        }
        self.slice(now)
    }

    fn refit(&mut self, standard: &Standard, now: Instant) {
        if let Standard::Slicer {
            average_size,
            size_variation,
            delay,
        } = *standard
        {
            (self.average_size, self.size_variation) = (average_size, size_variation);
            self.delay = Duration::from_micros(delay);
        }
        self.loose = !self.held.is_empty();
        self.due = now;
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

    fn slicer(size: u64, variation: u64, delay: u64, script: &Script) -> Slicer {
        let dice = Dice::new(1, &["slicer"], 1);
        Slicer::new(size, variation, delay, dice, script.start())
    }

    fn sizes(output: &Output) -> Vec<usize> {
        let size = |(_, pull): &(Duration, Pull)| match pull {
            Pull::Chunk(bytes) => bytes.len(),
            _ => 0,
        };
        output.iter().map(size).collect()
    }

    #[test]
    fn slices_are_so_far_apart() {
        let mut script = Script::new()
            .chunk(0, "abcde")
            .chunk(1, "fg")
            .mark(1, Mark::End);
        let mut stage = slicer(2, 0, 10_000, &script);
        let expected = [
            chunk(0, "ab"),
            chunk(10, "cd"),
            chunk(20, "e"),
            chunk(30, "fg"),
            mark(30, Mark::End),
        ];
        assert_eq!(run(&mut stage, &mut script), expected);
    }

    #[test]
    fn an_idle_line_has_no_debt_and_no_credit() {
        let mut script = Script::new().chunk(0, "a").chunk(500, "bc");
        let mut stage = slicer(1, 0, 10_000, &script);
        let expected = [chunk(0, "a"), chunk(500, "b"), chunk(510, "c")];
        assert_eq!(run(&mut stage, &mut script), expected);
    }

    #[test]
    fn sizes_vary_within_their_bounds() {
        let mut script = Script::new().chunk(0, vec![0; 100_000]);
        let mut stage = slicer(1000, 400, 0, &script);
        let sizes = sizes(&run(&mut stage, &mut script));
        let (last, others) = sizes.split_last().expect("slices");
        assert!((1..=1400).contains(last));
        assert!(others.iter().all(|size| (600..=1400).contains(size)));
        assert!(others.iter().any(|size| *size < 800) && others.iter().any(|size| *size > 1200));
        assert!((85..=120).contains(&sizes.len()), "{}", sizes.len());
    }

    #[test]
    fn no_crumb_is_left_over() {
        let mut script = Script::new();
        for _ in 0..50 {
            script = script.chunk(0, vec![0; 15]);
        }
        let mut stage = slicer(10, 5, 0, &script);
        assert_eq!(sizes(&run(&mut stage, &mut script)), [15; 50]);
    }

    #[test]
    fn no_slice_is_empty_whatever_is_asked_for() {
        for (size, variation) in [(0, 0), (1, 5), (3, u64::MAX), (u64::MAX, u64::MAX)] {
            let mut script = Script::new().chunk(0, vec![0; 100]);
            let mut stage = slicer(size, variation, 0, &script);
            let sizes = sizes(&run(&mut stage, &mut script));
            assert!(sizes.iter().all(|size| *size > 0));
            assert_eq!(sizes.iter().sum::<usize>(), 100);
        }
    }

    #[test]
    fn late_timers_are_caught_up() {
        let mut script = Script::new().chunk(0, vec![0; 10_000]);
        let mut stage = slicer(1, 0, 10, &script);
        let late = [Duration::from_millis(1)];
        let output = Clock::late(script.start(), &late).run(&mut stage, &mut script, 60_000);
        let millis = output.last().expect("slices").0.as_millis();
        assert!((99..=102).contains(&millis), "{millis}");
    }

    #[test]
    fn a_change_lets_go_what_is_held() {
        let mut script = Script::new().chunk(0, "abcdef").chunk(20, "gh");
        let mut stage = slicer(2, 0, 100_000, &script);
        let (start, later) = (script.start(), script.at(10));
        let output = Clock::exact(start).run(&mut stage, &mut script, 10);
        assert_eq!(output, [chunk(0, "ab")]);
        let standard = Standard::Slicer {
            average_size: 1,
            size_variation: 0,
            delay: 1000,
        };
        stage.refit(&standard, later);
        let output = Clock::exact(later).run(&mut stage, &mut script, 1000);
        assert_eq!(output, [chunk(10, "cdef"), chunk(20, "g"), chunk(21, "h")]);
    }

    #[test]
    fn what_is_held_goes_on_at_the_end() {
        let mut script = Script::new().chunk(0, "abcdef");
        let mut stage = slicer(2, 0, 100_000, &script);
        let now = script.start();
        assert_eq!(stage.pull(now, &mut script), Pull::Chunk("ab".into()));
        let held = [Pull::Chunk("cdef".into())];
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(held.into()));
    }
}
