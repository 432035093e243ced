//! `noop`: lets everything pass.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::tap::Tap;
use crate::engine::stage::{Leaving, Pull, Stage, Upstream};
use crate::toxic::Standard;

#[derive(Debug, Default)]
pub(super) struct Noop {
    tap: Tap,
}

impl Stage for Noop {
    fn pull(&mut self, now: Instant, upstream: &mut dyn Upstream) -> Pull {
        self.tap.pull(now, upstream)
    }

    fn refit(&mut self, _: &Standard, _: Instant) {}

    fn leave(self: Box<Self>) -> Leaving {
        Leaving::Pass(VecDeque::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stage::Mark;
    use crate::engine::standard::script::{Script, chunk, mark, run};

    #[test]
    fn all_passes_at_its_own_time() {
        let mut script = Script::new()
            .chunk(0, "a")
            .mark(2, Mark::Upgrade)
            .chunk(2, "b")
            .mark(7, Mark::End);
        let expected = [
            chunk(0, "a"),
            mark(2, Mark::Upgrade),
            chunk(2, "b"),
            mark(7, Mark::End),
        ];
        assert_eq!(run(&mut Noop::default(), &mut script), expected);
    }
}
