//! A stage's side of its upstream: it runs dry at a final mark.

use tokio::time::Instant;

use crate::engine::stage::{Mark, Pull, Upstream};

/// Remembers whether anything can still come, since nobody may be pulled at after a final mark.
#[derive(Debug, Default)]
pub(super) struct Tap {
    dry: bool,
}

impl Tap {
    pub(super) fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        if self.dry {
            return Pull::Wait(None);
        }
        let pull = upstream.pull(now);
        self.dry = matches!(pull, Pull::Mark(Mark::End | Mark::Close | Mark::Reset));
        pull
    }

    /// Throws away all bytes there are, and gives what stands behind them: a wait or a final mark.
    pub(super) fn drain(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        loop {
            match self.pull(now, upstream) {
                Pull::Chunk(_) | Pull::Mark(Mark::Upgrade) => {}
                behind => return behind,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::standard::script::Script;

    #[test]
    fn it_is_dry_after_a_final_mark_only() {
        for last in [Mark::End, Mark::Close, Mark::Reset] {
            let mut script = Script::new().mark(0, Mark::Upgrade).mark(0, last);
            let (mut tap, now) = (Tap::default(), script.start());
            assert_eq!(tap.pull(now, &mut script), Pull::Mark(Mark::Upgrade));
            assert_eq!(tap.pull(now, &mut script), Pull::Mark(last));
            // The script itself panics when it is pulled at once more.
            assert_eq!(tap.pull(now, &mut script), Pull::Wait(None));
        }
    }

    #[test]
    fn it_drains_up_to_what_is_not_there_yet() {
        let mut script = Script::new().chunk(0, "a").chunk(0, "b").chunk(5, "c");
        let (mut tap, now) = (Tap::default(), script.start());
        assert_eq!(tap.drain(now, &mut script), Pull::Wait(None));
        let later = script.at(5);
        assert_eq!(tap.pull(later, &mut script), Pull::Chunk("c".into()));
    }
}
