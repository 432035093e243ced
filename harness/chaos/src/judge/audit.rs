//! Is anything left over when all clients have gone?

use super::{Judge, Verdict};
use crate::history::{History, Phase};

pub(super) struct Audit;

impl Judge for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn rule(&self) -> &'static str {
        "when all clients have left, every count is as it was before the first came"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let Some(leaks) = &history.leaks else {
            if history
                .phases
                .iter()
                .any(|(phase, _)| *phase == Phase::Audit)
            {
                verdict.complain(history.end(), "nobody looked for what is left over");
            }
            return verdict;
        };
        verdict.fact();
        for leak in leaks {
            verdict.complain(history.began(Phase::Audit), leak.as_str());
        }
        verdict
    }
}
