//! Does everything work again within the stated time, and as much as before?

use std::collections::BTreeSet;

use super::spans::SECOND;
use super::{Judge, RECOVERS_WITHIN, Verdict};
use crate::history::{History, Micros, Outcome, Phase, Recovery};

pub(super) struct Liveness;

/// Below so many requests a rate says nothing.
const ENOUGH: u64 = 50;
/// The quiet after the storm has at least this part of the work before it. Machines are noisy.
const PART: u64 = 3;

impl Judge for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn rule(&self) -> &'static str {
        "within 10 s of the last fault every user logs in and every kind of work succeeds, and then as much as before"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let there = |wanted| history.phases.iter().any(|(phase, _)| *phase == wanted);
        if there(Phase::Calm) {
            verdict.fact();
            recovered(history, &mut verdict);
        }
        for (before, after, text) in [
            (Phase::Storm, Phase::Calm, "the storm never ended"),
            (
                Phase::Calm,
                Phase::Quiet,
                "the quiet after the storm never came",
            ),
        ] {
            if there(before) && !there(after) {
                verdict.complain(history.end(), text);
            }
        }
        if there(Phase::WarmUp) && there(Phase::Quiet) {
            slower(history, &mut verdict);
        }
        verdict
    }
}

fn recovered(history: &History, verdict: &mut Verdict) {
    let calm = history.began(Phase::Calm);
    let seconds = RECOVERS_WITHIN.as_secs();
    let until = calm + seconds * SECOND;
    let users: BTreeSet<&String> = history.sessions.values().map(|s| &s.user).collect();
    let mut recovery = Recovery::of(users);
    let first = history.events.partition_point(|event| event.at < calm);
    let events = history.events[first..].iter();
    for event in events.take_while(|event| event.at <= until) {
        recovery.take(event);
    }
    for missing in recovery.missing() {
        verdict.complain(
            until,
            format!("{seconds} s after the storm {missing} had not succeeded"),
        );
    }
}

/// Compares the rates of requests that succeeded.
fn slower(history: &History, verdict: &mut Verdict) {
    let before = succeeded(history, Phase::WarmUp, Phase::Storm);
    let after = succeeded(history, Phase::Quiet, Phase::Leaving);
    let ((count, time), (later, later_time)) = (before, after);
    if count < ENOUGH || time == 0 || later_time < SECOND {
        return;
    }
    verdict.fact();
    // count / time > PART * later / later_time, without fractions.
    if count * later_time > PART * later * time {
        let (rate, later) = (count * SECOND / time, later * SECOND / later_time);
        let text = format!("{later} requests a second after the storm, {rate} before it");
        verdict.complain(history.began(Phase::Leaving), text);
    }
}

/// How many requests succeeded from one phase to another, and how long that was.
fn succeeded(history: &History, phase: Phase, next: Phase) -> (u64, Micros) {
    let (from, to) = (history.began(phase), history.began(next));
    let answers = history.ops.iter().filter_map(|op| op.answer.as_ref());
    let good = answers.filter(|(at, answer)| {
        let failed = matches!(answer.outcome, Outcome::Failed { .. } | Outcome::Abandoned);
        (from..to).contains(at) && !failed
    });
    (good.count() as u64, to - from)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::{Phase, What};
    use crate::judge::fixture::{BOBS, Book, CANCELLED, IN_CALM, Seeded};
    use crate::judge::spans::SECOND;

    const OWN: &[&str] = &["liveness"];

    fn skip(book: &mut Book, wanted: Phase) {
        book.remove(|what| matches!(what, What::Phase { phase } if *phase == wanted));
    }

    /// Everything from some second on comes later.
    fn delay(book: &mut Book, from: u64, by: u64) {
        let late = book.events.iter_mut().filter(|event| {
            let is_calm = matches!(event.what, What::Phase { phase: Phase::Calm });
            event.at >= from * SECOND && !is_calm
        });
        for event in late {
            event.at += by * SECOND;
        }
    }

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a user is shut out after the storm",
            |book| {
                // The login is one of before.
                book.shift(11_900, |what| {
                    matches!(what, What::Login { session: 9, .. })
                });
            },
            "10 s after the storm a login of bob had not succeeded",
        ),
        Seeded::new(
            OWN,
            "a kind of work does not come back",
            |book| {
                let cancelled = |op: u64| op > IN_CALM && (op - IN_CALM) % BOBS == CANCELLED % BOBS;
                book.remove(|what| match what {
                    What::Asked { op, .. } | What::Answered { op, .. } => cancelled(*op),
                    _ => false,
                });
            },
            "10 s after the storm work cancelled had not succeeded",
        ),
        Seeded::new(
            OWN,
            "it comes back too late",
            |book| delay(book, 12, 10),
            "10 s after the storm a login of alice had not succeeded",
        ),
        Seeded::new(
            OWN,
            "the storm never ends",
            |book| {
                skip(book, Phase::Calm);
                skip(book, Phase::Quiet);
            },
            "the storm never ended",
        ),
        Seeded::new(
            OWN,
            "quiet never comes",
            |book| skip(book, Phase::Quiet),
            "the quiet after the storm never came",
        ),
        Seeded::new(
            OWN,
            "it works, but slowly",
            |book| delay(book, 17, 10),
            "4 requests a second after the storm, 27 before it",
        ),
    ];
}
