//! `latency`: everything arrives later, and nothing is slower for it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::after;
use super::tap::Tap;
use crate::engine::dice::Dice;
use crate::engine::stage::{Leaving, Pull, Stage, Upstream, earlier};
use crate::toxic::Standard;

/// What may be on its way at once. A faster sender waits, as it would for a full pipe.
const MOST_CHUNKS: usize = 1024;
const MOST_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Latency {
    mean: u64,
    jitter: u64,
    dice: Dice,
    tap: Tap,
    /// On its way, each with the time it may leave at once all before it have left: nobody overtakes.
    travelling: VecDeque<(Instant, Pull)>,
    bytes: usize,
}

impl Latency {
    pub(super) fn new(latency: u64, jitter: u64, dice: Dice) -> Self {
        Self {
            mean: latency,
            jitter,
            dice,
            tap: Tap::default(),
            travelling: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Takes all there is and gives the time of the upstream's next, if it knows one. Whatever stays
    /// there longer would count as arrived later.
    fn take(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Option<Instant> {
        while self.travelling.len() < MOST_CHUNKS && self.bytes < MOST_BYTES {
            match self.tap.pull(now, upstream) {
                Pull::Wait(time) => return time,
                Pull::Chunk(bytes) => {
                    let leaves = after(now, self.delay());
                    self.bytes += bytes.len();
                    self.travelling.push_back((leaves, Pull::Chunk(bytes)));
                }
                mark @ Pull::Mark(_) => self.travelling.push_back((now, mark)),
            }
        }
        None
    }

    fn delay(&mut self) -> Duration {
        let jitter = self.dice.around(self.jitter);
        Duration::from_millis(self.mean.saturating_add_signed(jitter))
    }
}

impl Stage for Latency {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        let more = self.take(now, upstream);
        match self.travelling.pop_front() {
            Some((leaves, pull)) if leaves <= now => {
                if let Pull::Chunk(bytes) = &pull {
                    self.bytes -= bytes.len();
                }
                pull
            }
            Some((leaves, pull)) => {
                self.travelling.push_front((leaves, pull));
                Pull::Wait(earlier(Some(leaves), more))
            }
            None => Pull::Wait(more),
        }
    }

    fn refit(&mut self, standard: &Standard, now: Instant) {
        if let Standard::Latency { latency, jitter } = *standard {
            (self.mean, self.jitter) = (latency, jitter);
        }
        for (leaves, _) in &mut self.travelling {
            *leaves = now;
        }
    }

    fn leave(self: Box<Self>) -> Leaving {
        Leaving::Pass(self.travelling.into_iter().map(|(_, pull)| pull).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stage::Mark;
    use crate::engine::standard::script::{Clock, Script, chunk, mark, run};

    fn latency(latency: u64, jitter: u64) -> Latency {
        let dice = Dice::new(1, &["latency"], 1);
        Latency::new(latency, jitter, dice)
    }

    #[test]
    fn each_leaves_so_long_after_its_arrival() {
        let mut script = Script::new()
            .chunk(0, "a")
            .chunk(10, "b")
            .chunk(10, "c")
            .mark(30, Mark::End);
        let expected = [
            chunk(100, "a"),
            chunk(110, "b"),
            chunk(110, "c"),
            mark(110, Mark::End),
        ];
        assert_eq!(run(&mut latency(100, 0), &mut script), expected);
    }

    #[test]
    fn a_mark_is_not_delayed_by_itself() {
        let mut script = Script::new().mark(20, Mark::Reset);
        let expected = [mark(20, Mark::Reset)];
        assert_eq!(run(&mut latency(100, 0), &mut script), expected);
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_keeps_the_order() {
        let mut script = Script::new();
        for number in 0..200_u64 {
            script = script.chunk(100 * number, number.to_be_bytes().to_vec());
        }
        let mut stage = latency(30, 20);
        let output = run(&mut stage, &mut script);
        let delay = |(number, (time, _)): (u64, &(Duration, Pull))| {
            u64::try_from(time.as_millis()).unwrap() - 100 * number
        };
        let delays: Vec<u64> = (0..).zip(&output).map(delay).collect();
        assert_eq!(delays.len(), 200);
        assert!(delays.iter().all(|delay| (10..=50).contains(delay)));
        assert!(delays.iter().any(|delay| *delay < 20) && delays.iter().any(|delay| *delay > 40));
    }

    #[test]
    fn none_overtakes() {
        let mut script = Script::new();
        for number in 0..200_u64 {
            script = script.chunk(number, number.to_be_bytes().to_vec());
        }
        let output = run(&mut latency(10, 1000), &mut script);
        let numbers: Vec<_> = output.iter().map(|(_, pull)| pull.clone()).collect();
        let expected = |number: u64| Pull::Chunk(number.to_be_bytes().to_vec().into());
        assert_eq!(numbers, (0..200).map(expected).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_line_takes_no_more() {
        let mut script = Script::new();
        for _ in 0..5 {
            script = script.chunk(0, vec![0; 1024 * 1024]);
        }
        let mut stage = latency(100, 0);
        let now = script.start();
        assert_eq!(
            stage.pull(now, &mut script),
            Pull::Wait(Some(script.at(100)))
        );
        assert_eq!(script.rest().count(), 1);

        let mut script = Script::new();
        for _ in 0..1025 {
            script = script.chunk(0, "a");
        }
        let mut stage = latency(100, 0);
        // The one that had to wait came in when the first had left.
        let output = run(&mut stage, &mut script);
        assert_eq!(output[1023..], [chunk(100, "a"), chunk(200, "a")]);
    }

    #[test]
    fn what_has_left_makes_room() {
        let mut script = Script::new();
        for at in 0..10 {
            script = script.chunk(200 * at, vec![0; 1024 * 1024]);
        }
        let output = run(&mut latency(100, 0), &mut script);
        let expected = (0..10).map(|at| chunk(200 * at + 100, vec![0; 1024 * 1024]));
        assert!(
            output == expected.collect::<Vec<_>>(),
            "not each in its time"
        );
    }

    #[test]
    fn a_change_lets_go_what_is_held() {
        let mut script = Script::new().chunk(0, "a").chunk(0, "b").chunk(60, "c");
        let mut stage = latency(1000, 0);
        let mut clock = Clock::exact(script.start());
        let later = script.at(50);
        assert_eq!(clock.run(&mut stage, &mut script, 50), []);
        let latency = Standard::Latency {
            latency: 5,
            jitter: 0,
        };
        stage.refit(&latency, later);
        clock.now = later;
        let output = clock.run(&mut stage, &mut script, 1000);
        assert_eq!(output, [chunk(50, "a"), chunk(50, "b"), chunk(65, "c")]);
    }

    #[test]
    fn what_is_held_goes_on_at_the_end() {
        let mut script = Script::new().chunk(0, "a").mark(0, Mark::End);
        let mut stage = latency(u64::MAX, u64::MAX);
        stage.jitter = 0;
        let now = script.start();
        assert!(matches!(stage.pull(now, &mut script), Pull::Wait(Some(_))));
        let held = [Pull::Chunk("a".into()), Pull::Mark(Mark::End)];
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(held.into()));
    }
}
