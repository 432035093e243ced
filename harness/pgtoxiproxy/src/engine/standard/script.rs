//! A made-up upstream and a made-up clock for trying stages.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::engine::stage::{Mark, Pull, Stage, Upstream, earlier};

/// Gives each pull when its time has come, and panics when it is pulled at after a final mark.
#[derive(Debug)]
pub(super) struct Script {
    start: Instant,
    coming: VecDeque<(Instant, Pull)>,
    over: bool,
}

/// What came out, and how long after the start.
pub(super) type Output = Vec<(Duration, Pull)>;

impl Script {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            coming: VecDeque::new(),
            over: false,
        }
    }

    pub(super) fn chunk(self, millis: u64, bytes: impl Into<Bytes>) -> Self {
        self.add(millis, Pull::Chunk(bytes.into()))
    }

    pub(super) fn mark(self, millis: u64, mark: Mark) -> Self {
        self.add(millis, Pull::Mark(mark))
    }

    pub(super) fn add(mut self, millis: u64, pull: Pull) -> Self {
        self.coming.push_back((self.at(millis), pull));
        self
    }

    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// So many milliseconds after the start.
    pub(super) fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    /// When the next pull is there, as far as nobody has taken it.
    pub(super) fn next(&self) -> Option<Instant> {
        self.coming.front().map(|(time, _)| *time)
    }

    /// What nobody has taken.
    pub(super) fn rest(self) -> impl Iterator<Item = Pull> {
        self.coming.into_iter().map(|(_, pull)| pull)
    }
}

impl Upstream for Script {
    fn pull(&mut self, now: Instant) -> Pull {
        assert!(!self.over, "pulled at after a final mark");
        if self.next().is_none_or(|time| time > now) {
            // As a socket would: it can't tell when there will be more.
            return Pull::Wait(None);
        }
        let pull = self.coming.pop_front().map(|(_, pull)| pull);
        let pull = pull.expect("a next one");
        self.over = is_final(&pull);
        pull
    }
}

fn is_final(pull: &Pull) -> bool {
    matches!(pull, Pull::Mark(Mark::End | Mark::Close | Mark::Reset))
}

/// A connection's clock: it wakes at each stage's time and each arrival, later by what it is told.
pub(super) struct Clock<'a> {
    pub(super) now: Instant,
    /// By how much each wake is late, in turn.
    late: Box<dyn Iterator<Item = Duration> + 'a>,
}

impl<'a> Clock<'a> {
    pub(super) fn exact(start: Instant) -> Self {
        Self::late(start, &[Duration::ZERO])
    }

    pub(super) fn late(start: Instant, late: &'a [Duration]) -> Self {
        Self {
            now: start,
            late: Box::new(late.iter().copied().cycle()),
        }
    }

    /// Pulls until the clock would pass `until` (milliseconds after the start) or nothing can happen
    /// any more.
    pub(super) fn run(&mut self, stage: &mut dyn Stage, script: &mut Script, until: u64) -> Output {
        let until = script.at(until);
        let (mut output, mut idle, mut over) = (Vec::new(), 0, false);
        loop {
            match stage.pull(self.now, script) {
                Pull::Wait(time) => {
                    assert!(
                        time.is_none_or(|time| time > self.now),
                        "a wait for the past"
                    );
                    idle += 1;
                    assert!(idle < 1000, "it waits again and again, and nothing comes");
                    let arrival = script.next().filter(|time| *time > self.now);
                    let Some(next) = earlier(time, arrival).filter(|next| *next <= until) else {
                        return output;
                    };
                    self.now = next + self.late.next().unwrap_or_default();
                }
                pull => {
                    assert_ne!(pull, Pull::Chunk(Bytes::new()), "an empty chunk");
                    assert!(!over, "something after a final mark");
                    over = is_final(&pull);
                    idle = 0;
                    output.push((self.now - script.start, pull));
                }
            }
        }
    }
}

/// All that a stage gives on a clock that is never late, within an hour.
pub(super) fn run(stage: &mut dyn Stage, script: &mut Script) -> Output {
    Clock::exact(script.start).run(stage, script, 3_600_000)
}

/// What is expected: milliseconds after the start, and the bytes.
pub(super) fn chunk(millis: u64, bytes: impl Into<Bytes>) -> (Duration, Pull) {
    (Duration::from_millis(millis), Pull::Chunk(bytes.into()))
}

pub(super) fn mark(millis: u64, mark: Mark) -> (Duration, Pull) {
    (Duration::from_millis(millis), Pull::Mark(mark))
}
