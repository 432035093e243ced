//! Was the schedule really acted out? No pooler can do this wrong: it judges the run itself.

use super::{Judge, Verdict};
use crate::history::{FaultSpan, History};
use crate::plan::Fault;

pub(super) struct Faults;

/// A storm of this many milliseconds has met enough of everything to be counted.
const LONG: u64 = 30_000;

impl Judge for Faults {
    fn name(&self) -> &'static str {
        "faults"
    }

    fn rule(&self) -> &'static str {
        "the faults of the schedule were acted out, and enough of them met something"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        for span in &history.faults {
            verdict.fact();
            if let Some(trouble) = &span.trouble {
                let FaultSpan { number, fault, .. } = span;
                verdict.complain(span.from, format!("fault {number} ({fault}): {trouble}"));
            }
        }
        let at_points = history.faults.iter();
        let at_points = at_points.filter(|span| matches!(span.fault, Fault::AtPoint { .. }));
        let (fired, counted) = fired(at_points);
        if counted > 0 && fired == 0 {
            let text = format!("none of {counted} faults at points of the protocol ever fired");
            verdict.complain(history.end(), text);
        }
        let (fired, counted) = self::fired(history.faults.iter());
        if history.setting.storm_ms >= LONG && fired * 4 < counted {
            let text = format!("only {fired} of {counted} faults that can be counted met anything");
            verdict.complain(history.end(), text);
        }
        verdict
    }
}

/// How many of those whose hits are known had any, and how many there are.
fn fired<'h>(spans: impl Iterator<Item = &'h FaultSpan>) -> (usize, usize) {
    let hits: Vec<u64> = spans.filter_map(|span| span.hits).collect();
    (hits.iter().filter(|hits| **hits > 0).count(), hits.len())
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::What;
    use crate::judge::fixture::Seeded;

    const OWN: &[&str] = &["faults"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a fault can't be acted out",
            |book| {
                for event in &mut book.events {
                    if let What::FaultEnded {
                        number: 1, trouble, ..
                    } = &mut event.what
                    {
                        *trouble = Some("the proxy did not answer".to_owned());
                    }
                }
            },
            "fault 1 (clients: reset): the proxy did not answer",
        ),
        Seeded::new(
            OWN,
            "no fault at a point ever fires",
            |book| {
                for event in &mut book.events {
                    if let What::FaultEnded {
                        number: 2, hits, ..
                    } = &mut event.what
                    {
                        *hits = Some(0);
                    }
                }
            },
            "none of 1 faults at points of the protocol ever fired",
        ),
        Seeded::new(
            OWN,
            "a long storm meets next to nothing",
            |book| {
                book.setting().storm_ms = 30_000;
                for _ in 0..4 {
                    book.fault(9_000, 9_100, "servers: hold before Bind", Some(0));
                }
            },
            "only 1 of 5 faults that can be counted met anything",
        ),
        Seeded::pardon("a short storm meets next to nothing", |book| {
            for _ in 0..4 {
                book.fault(9_000, 9_100, "servers: hold before Bind", Some(0));
            }
        }),
    ];
}
