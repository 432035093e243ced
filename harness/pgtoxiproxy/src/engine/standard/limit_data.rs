//! `limit_data`: so many bytes pass, then the connection closes.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

use super::tap::Tap;
use crate::engine::stage::{Leaving, Mark, Pull, Stage, Upstream};
use crate::toxic::Standard;

#[derive(Debug)]
pub(super) struct LimitData {
    limit: u64,
    passed: u64,
    tap: Tap,
    /// What lies beyond the limit. It is kept until the close has been pulled: till then the limit
    /// can be raised or the toxic removed, and nothing may be missing.
    beyond: Bytes,
    closed: bool,
}

impl LimitData {
    pub(super) fn new(bytes: u64) -> Self {
        Self {
            limit: bytes,
            passed: 0,
            tap: Tap::default(),
            beyond: Bytes::new(),
            closed: false,
        }
    }

    /// A limit of 0 waits for the first byte, as the original does: nothing has passed before that.
    fn is_reached(&self) -> bool {
        self.passed >= self.limit && (self.passed > 0 || !self.beyond.is_empty())
    }

    fn close(&mut self) -> Pull {
        self.closed = true;
        self.beyond.clear();
        Pull::Mark(Mark::Close)
    }

    /// As much of what is held as the limit allows.
    fn pass(&mut self) -> Pull {
        let left = usize::try_from(self.limit - self.passed).unwrap_or(usize::MAX);
        let chunk = self.beyond.split_to(self.beyond.len().min(left));
        self.passed += chunk.len() as u64;
        Pull::Chunk(chunk)
    }
}

impl Stage for LimitData {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.closed {
            return Pull::Wait(None);
        }
        if self.is_reached() {
            return self.close();
        }
        if self.beyond.is_empty() {
            match self.tap.pull(now, upstream) {
                Pull::Chunk(bytes) => self.beyond = bytes,
                other => return other,
            }
        }
        if self.is_reached() {
            self.close()
        } else {
            self.pass()
        }
    }

    fn refit(&mut self, standard: &Standard, _: Instant) {
        if let Standard::LimitData { bytes } = *standard {
            self.limit = bytes;
        }
    }

    fn leave(self: Box<Self>) -> Leaving {
        let beyond = Some(self.beyond).filter(|beyond| !beyond.is_empty());
        Leaving::Pass(beyond.map(Pull::Chunk).into_iter().collect::<VecDeque<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::standard::script::{Clock, Script, chunk, mark, run};

    #[test]
    fn it_cuts_inside_a_chunk_and_closes() {
        let mut script = Script::new()
            .chunk(0, "abc")
            .mark(1, Mark::Upgrade)
            .chunk(2, "def")
            .chunk(3, "g");
        let expected = [
            chunk(0, "abc"),
            mark(1, Mark::Upgrade),
            chunk(2, "de"),
            mark(2, Mark::Close),
        ];
        assert_eq!(run(&mut LimitData::new(5), &mut script), expected);
    }

    #[test]
    fn it_closes_behind_the_last_byte_allowed() {
        let mut script = Script::new().chunk(0, "abc").chunk(9, "d");
        let expected = [chunk(0, "abc"), mark(0, Mark::Close)];
        assert_eq!(run(&mut LimitData::new(3), &mut script), expected);
    }

    #[test]
    fn below_the_limit_all_passes() {
        let mut script = Script::new().chunk(0, "abc").mark(9, Mark::End);
        let expected = [chunk(0, "abc"), mark(9, Mark::End)];
        assert_eq!(run(&mut LimitData::new(4), &mut script), expected);
    }

    #[test]
    fn a_limit_of_0_closes_at_the_first_byte() {
        let mut script = Script::new().mark(5, Mark::Upgrade).chunk(9, "a");
        let expected = [mark(5, Mark::Upgrade), mark(9, Mark::Close)];
        assert_eq!(run(&mut LimitData::new(0), &mut script), expected);
    }

    #[test]
    fn a_lowered_limit_closes_at_once() {
        let mut script = Script::new().chunk(0, "abc");
        let mut stage = LimitData::new(100);
        assert_eq!(run(&mut stage, &mut script), [chunk(0, "abc")]);
        stage.refit(&Standard::LimitData { bytes: 2 }, script.start());
        assert_eq!(run(&mut stage, &mut script), [mark(0, Mark::Close)]);
    }

    #[test]
    fn a_raised_limit_lets_more_through() {
        let mut script = Script::new().chunk(0, "abcdef").chunk(9, "ghi");
        let mut stage = LimitData::new(2);
        let now = script.start();
        assert_eq!(stage.pull(now, &mut script), Pull::Chunk("ab".into()));
        stage.refit(&Standard::LimitData { bytes: 7 }, now);
        let output = Clock::exact(now).run(&mut stage, &mut script, 100);
        assert_eq!(
            output,
            [chunk(0, "cdef"), chunk(9, "g"), mark(9, Mark::Close)]
        );
    }

    #[test]
    fn removed_after_its_close_it_leaves_nothing() {
        let mut script = Script::new().chunk(0, "abc");
        let mut stage = LimitData::new(2);
        let expected = [chunk(0, "ab"), mark(0, Mark::Close)];
        assert_eq!(run(&mut stage, &mut script), expected);
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(VecDeque::new()));
    }

    #[test]
    fn removed_before_its_close_it_keeps_nothing_back() {
        let mut script = Script::new().chunk(0, "abc");
        let mut stage = LimitData::new(2);
        let now = script.start();
        assert_eq!(stage.pull(now, &mut script), Pull::Chunk("ab".into()));
        let held = [Pull::Chunk("c".into())];
        assert_eq!(Box::new(stage).leave(), Leaving::Pass(held.into()));
    }
}
