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

#[cfg(test)]
pub(super) mod tests {
    use crate::history::What;
    use crate::judge::fixture::Seeded;

    const OWN: &[&str] = &["audit"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a permit is left over",
            |book| {
                for event in &mut book.events {
                    if let What::Audit { leaks } = &mut event.what {
                        leaks.push("permits_free is 17, not 18".to_owned());
                    }
                }
            },
            "permits_free is 17, not 18",
        ),
        Seeded::new(
            OWN,
            "nobody looks",
            |book| book.remove(|what| matches!(what, What::Audit { .. })),
            "nobody looked for what is left over",
        ),
    ];
}
