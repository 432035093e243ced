//! Is there anything in a log that must not be there?

use super::{Judge, Verdict};
use crate::history::{History, Phase, What};

pub(super) struct Secrets;

impl Judge for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn rule(&self) -> &'static str {
        "no log has a secret, a panic or a pool that is not there"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        // Logs are read when the clients have left.
        if history
            .phases
            .iter()
            .any(|(phase, _)| *phase >= Phase::Leaving)
        {
            verdict.fact();
        }
        for event in &history.events {
            if let What::LogLine { whose, why } = &event.what {
                verdict.complain(event.at, format!("{whose}'s log: {why}"));
            }
        }
        verdict
    }
}
