//! Is there anything in a log that must not be there?

use super::{Judge, Verdict};
use crate::history::{History, Phase, What};

pub(super) struct Secrets;

impl Judge for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn rule(&self) -> &'static str {
        "no log has a secret, a panic or a pool that is not there, and no pooler ends by itself"
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

#[cfg(test)]
pub(super) mod tests {
    use crate::history::What;
    use crate::judge::fixture::Seeded;
    use crate::judge::spans::SECOND;

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[Seeded::new(
        &["secrets"],
        "a password stands in the log",
        |book| {
            let line = What::LogLine {
                whose: "pgturnstile".to_owned(),
                why: "a password of alice".to_owned(),
            };
            book.note(18 * SECOND + 1, line);
        },
        "pgturnstile's log: a password of alice",
    )];
}
