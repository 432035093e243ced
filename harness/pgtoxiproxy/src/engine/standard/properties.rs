//! What holds for every stage, whatever comes and whenever it is pulled at.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::Instant;

use super::script::{Clock, Output, Script};
use crate::engine::dice::Dice;
use crate::engine::stage::{Leaving, Mark, Pull, Stage, Upstream};
use crate::toxic::Standard;

/// A toxic that changes when bytes arrive, and nothing else.
fn keeping() -> impl Strategy<Value = Standard> {
    prop_oneof![
        Just(Standard::Noop),
        (0..200_u64, 0..300_u64)
            .prop_map(|(latency, jitter)| Standard::Latency { latency, jitter }),
        (1..2000_u64).prop_map(|rate| Standard::Bandwidth { rate }),
        (0..300_u64).prop_map(|delay| Standard::SlowClose { delay }),
        (1..2000_u64, 0..3000_u64, 0..50_000_u64).prop_map(
            |(average_size, size_variation, delay)| Standard::Slicer {
                average_size,
                size_variation,
                delay,
            }
        ),
    ]
}

/// A toxic that loses bytes on purpose.
fn losing() -> impl Strategy<Value = Standard> {
    prop_oneof![
        (0..3000_u64).prop_map(|bytes| Standard::LimitData { bytes }),
        (0..300_u64).prop_map(|timeout| Standard::Timeout { timeout }),
        (0..300_u64).prop_map(|timeout| Standard::ResetPeer { timeout }),
        Just(Standard::Bandwidth { rate: 0 }),
    ]
}

/// Chunks and marks, each so many milliseconds after the one before, and perhaps a final mark.
fn script() -> impl Strategy<Value = Vec<(u64, Pull)>> {
    let gap = prop_oneof![Just(0), 0..40_u64];
    let chunk = (1..3000_usize, any::<u8>()).prop_map(|(size, first)| {
        let bytes = (0..size).map(|at| first.wrapping_add(at.to_le_bytes()[0]));
        Pull::Chunk(bytes.collect::<Vec<_>>().into())
    });
    let item = prop_oneof![9 => chunk, 1 => Just(Pull::Mark(Mark::Upgrade))];
    let last = prop_oneof![Just(Mark::End), Just(Mark::Close), Just(Mark::Reset)];
    (
        vec((gap, item), 0..30),
        proptest::option::of((0..40_u64, last)),
    )
        .prop_map(|(mut all, last)| {
            all.extend(last.map(|(gap, mark)| (gap, Pull::Mark(mark))));
            all
        })
}

fn late() -> impl Strategy<Value = Vec<Duration>> {
    vec((0..30_000_u64).prop_map(Duration::from_micros), 1..8)
}

fn written(pulls: &[(u64, Pull)]) -> Script {
    let add = |(script, time): (Script, u64), (gap, pull): &(u64, Pull)| {
        (script.add(time + gap, pull.clone()), time + gap)
    };
    pulls.iter().fold((Script::new(), 0), add).0
}

/// The same with each run of bytes in one piece: what may not change, however it is cut.
fn joined(pulls: impl IntoIterator<Item = Pull>) -> Vec<Pull> {
    let (mut joined, mut bytes) = (Vec::new(), BytesMut::new());
    for pull in pulls {
        match pull {
            Pull::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            mark => {
                let chunk = Some(bytes.split().freeze()).filter(|bytes| !bytes.is_empty());
                joined.extend(chunk.map(Pull::Chunk));
                joined.push(mark);
            }
        }
    }
    let chunk = Some(bytes.freeze()).filter(|bytes| !bytes.is_empty());
    joined.extend(chunk.map(Pull::Chunk));
    joined
}

fn pulls(output: Output) -> impl Iterator<Item = Pull> {
    output.into_iter().map(|(_, pull)| pull)
}

fn sent(pulls: &[(u64, Pull)]) -> Vec<Pull> {
    joined(pulls.iter().map(|(_, pull)| pull.clone()))
}

fn bytes(pulls: &[Pull]) -> Vec<u8> {
    let bytes = |pull: &Pull| match pull {
        Pull::Chunk(bytes) => bytes.clone(),
        _ => Bytes::new(),
    };
    pulls.iter().flat_map(bytes).collect()
}

fn stage(standard: &Standard, seed: u64, now: Instant) -> Box<dyn Stage> {
    super::stage(standard, Dice::new(seed, &["any"], 1), now)
}

/// Some stages in a row, as one.
struct Line(Vec<Box<dyn Stage>>);

/// What the last of some stages pulls at.
struct Before<'a>(&'a mut [Box<dyn Stage>], &'a mut dyn Upstream);

impl Upstream for Before<'_> {
    fn pull(&mut self, now: Instant) -> Pull {
        match self.0.split_last_mut() {
            Some((last, before)) => last.pull(now, &mut Before(before, self.1)),
            None => self.1.pull(now),
        }
    }
}

impl Stage for Line {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        Before(&mut self.0, upstream).pull(now)
    }

    fn refit(&mut self, _: &Standard, _: Instant) {}

    fn leave(self: Box<Self>) -> Leaving {
        unreachable!("a line is taken apart by its connection")
    }
}

/// In milliseconds.
const HOUR: u64 = 3_600_000;

// The clock itself asserts, for each stage and each pull, that no chunk is empty, that each wait is
// for the future, and that waits lead to something.
proptest! {
    #[test]
    fn bytes_and_marks_come_through_in_order(
        toxics in vec(keeping(), 1..5), input in script(), late in late(), seed: u64,
    ) {
        let mut script = written(&input);
        let start = script.start();
        let mut line = Line(toxics.iter().map(|toxic| stage(toxic, seed, start)).collect());
        let output = Clock::late(start, &late).run(&mut line, &mut script, HOUR);
        prop_assert_eq!(joined(pulls(output)), sent(&input));
    }

    #[test]
    fn a_change_loses_nothing(
        (before, after) in kept_pair(), input in script(), late in late(),
        when in 0..600_u64, seed: u64,
    ) {
        let mut script = written(&input);
        let start = script.start();
        let mut stage = stage(&before, seed, start);
        let mut clock = Clock::late(start, &late);
        let mut output = clock.run(&mut *stage, &mut script, when);
        clock.now = clock.now.max(script.at(when));
        stage.refit(&after, clock.now);
        output.extend(clock.run(&mut *stage, &mut script, HOUR));
        prop_assert_eq!(joined(pulls(output)), sent(&input));
    }

    #[test]
    fn a_removal_loses_nothing(
        toxic in keeping(), input in script(), late in late(),
        when in 0..600_u64, more in 0..5_usize, seed: u64,
    ) {
        let mut script = written(&input);
        let start = script.start();
        let mut stage = stage(&toxic, seed, start);
        let mut clock = Clock::late(start, &late);
        let mut output: Vec<_> = pulls(clock.run(&mut *stage, &mut script, when)).collect();
        // In the midst of what one moment gives as well.
        let now = clock.now.max(script.at(when));
        for _ in 0..more {
            output.extend(Some(stage.pull(now, &mut script)).filter(|pull| !is_wait(pull)));
        }
        let Leaving::Pass(held) = stage.leave() else {
            panic!("it closes");
        };
        prop_assert!(!held.iter().any(is_wait));
        prop_assert!(!held.contains(&Pull::Chunk(Bytes::new())));
        output.extend(held.into_iter().chain(script.rest()));
        prop_assert_eq!(joined(output), sent(&input));
    }

    #[test]
    fn what_a_losing_toxic_lets_through_is_a_beginning(
        toxic in losing(), others in vec(keeping(), 0..3), input in script(), late in late(),
        seed: u64,
    ) {
        let mut script = written(&input);
        let start = script.start();
        let toxics = others.iter().chain([&toxic]);
        let mut line = Line(toxics.map(|toxic| stage(toxic, seed, start)).collect());
        let output = Clock::late(start, &late).run(&mut line, &mut script, HOUR);
        let output: Vec<_> = pulls(output).collect();
        let (sent, given) = (bytes(&sent(&input)), bytes(&output));
        prop_assert!(sent.starts_with(&given));
        let last = output.last();
        match toxic {
            Standard::LimitData { bytes } => {
                let length = (sent.len() as u64).min(bytes);
                prop_assert_eq!(given.len() as u64, length);
                let closes = sent.len() as u64 >= bytes && !sent.is_empty();
                prop_assert!(!closes || last == Some(&Pull::Mark(Mark::Close)));
            }
            Standard::Timeout { timeout: 1.. } => prop_assert_eq!(output, [Pull::Mark(Mark::Close)]),
            Standard::ResetPeer { .. } => prop_assert_eq!(output, [Pull::Mark(Mark::Reset)]),
            _ => prop_assert_eq!(output, []),
        }
    }

    #[test]
    fn a_limit_that_goes_before_its_close_loses_nothing(
        limit in 0..3000_u64, input in script(), pulled in 0..40_usize,
    ) {
        let mut script = written(&input);
        let (start, later) = (script.start(), script.at(HOUR));
        let mut stage = stage(&Standard::LimitData { bytes: limit }, 0, start);
        let mut output = Vec::new();
        for _ in 0..pulled {
            output.extend(Some(stage.pull(later, &mut script)).filter(|pull| !is_wait(pull)));
        }
        let closed = output.last() == Some(&Pull::Mark(Mark::Close));
        if let (Leaving::Pass(held), false) = (stage.leave(), closed) {
            output.extend(held.into_iter().chain(script.rest()));
            prop_assert_eq!(joined(output), sent(&input));
        }
    }
}

fn is_wait(pull: &Pull) -> bool {
    matches!(pull, Pull::Wait(_))
}

/// A toxic and a later version of it.
fn kept_pair() -> impl Strategy<Value = (Standard, Standard)> {
    let same = |(before, after): &(Standard, Standard)| {
        std::mem::discriminant(before) == std::mem::discriminant(after)
    };
    (keeping(), keeping()).prop_filter("of one kind", same)
}
