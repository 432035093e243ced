//! Is there in the end what was acknowledged, whole, once, and nothing that nobody asked for?

use std::collections::HashMap;

use super::{Judge, Verdict, who};
use crate::history::{Contents, Effect, History, Moved, Op, Outcome, Phase, Work};

pub(super) struct Writes;

/// What has to be there of a write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    /// Nobody knows: all of it or nothing.
    Unknown,
    Refused,
}

impl Judge for Writes {
    fn name(&self) -> &'static str {
        "writes"
    }

    fn rule(&self) -> &'static str {
        "what was acknowledged is there, what was not is wholly there or wholly absent, and nothing else is"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let Some(contents) = &history.contents else {
            if history
                .phases
                .iter()
                .any(|(phase, _)| *phase == Phase::Audit)
            {
                verdict.complain(history.end(), "nobody read the database at the end");
            }
            return verdict;
        };
        let mut found = Found::of(contents);
        let end = history.end();
        for op in &history.ops {
            let Some(fate) = fate(op) else { continue };
            verdict.fact();
            let count = found.take(history, op, &mut verdict);
            let is_whole = count == wanted(op);
            let why = match fate {
                Fate::Acknowledged if !is_whole => "was acknowledged, but is",
                Fate::Unknown if count != 0 && !is_whole => "is only partly there:",
                Fate::Refused if count != 0 => "had failed, but is",
                _ => continue,
            };
            let name = who::name(history, op);
            let wanted = wanted(op);
            verdict.complain(
                end,
                format!("{name} {why} there with {count} of {wanted} rows"),
            );
        }
        for stray in found.strays() {
            verdict.complain(end, format!("{stray} is there, and nobody asked for it"));
        }
        verdict
    }
}

/// `None` for what writes nothing that this judge reads.
fn fate(op: &Op) -> Option<Fate> {
    if !matches!(
        op.work,
        Work::Transfer { .. } | Work::CopyIn { .. } | Work::Mail { .. }
    ) {
        return None;
    }
    Some(
        match op.answer.as_ref().map(|(_, answer)| &answer.outcome) {
            Some(Outcome::Written | Outcome::Mail { .. }) => Fate::Acknowledged,
            Some(Outcome::Failed {
                effect: Effect::None,
                ..
            }) => Fate::Refused,
            _ => Fate::Unknown,
        },
    )
}

fn wanted(op: &Op) -> u64 {
    match op.work {
        Work::CopyIn { rows, .. } => rows,
        _ => 1,
    }
}

/// The rows at the end by their token; what somebody asked for is taken out.
struct Found<'h> {
    transfers: HashMap<&'h str, Vec<&'h Moved>>,
    loads: HashMap<&'h str, u64>,
    mail: HashMap<&'h str, Vec<&'h str>>,
}

impl<'h> Found<'h> {
    fn of(contents: &'h Contents) -> Self {
        let mut transfers: HashMap<_, Vec<_>> = HashMap::new();
        for moved in &contents.transfers {
            transfers.entry(&*moved.token).or_default().push(moved);
        }
        let mut mail: HashMap<_, Vec<_>> = HashMap::new();
        for (token, owner) in &contents.mail {
            mail.entry(&**token).or_default().push(&**owner);
        }
        let loads = contents.loads.iter();
        Self {
            transfers,
            loads: loads.map(|(token, rows)| (&**token, *rows)).collect(),
            mail,
        }
    }

    /// How many rows this write has left. Complains of those that say something else than was asked.
    fn take(&mut self, history: &History, op: &Op, verdict: &mut Verdict) -> u64 {
        let user = history.user(op);
        let token = who::token(&op.work).unwrap_or_default();
        let strange = match &op.work {
            Work::Transfer {
                from, to, amount, ..
            } => {
                let rows = self.transfers.remove(token).unwrap_or_default();
                let as_asked = |row: &&&Moved| {
                    (row.from, row.to, row.amount, &*row.by) == (*from, *to, *amount, user)
                };
                let strange = rows.iter().find(|row| !as_asked(row)).map(|row| {
                    let Moved {
                        from,
                        to,
                        amount,
                        by,
                        ..
                    } = row;
                    format!("{amount} from account {from} to {to} by {by}")
                });
                (strange, rows.len() as u64)
            }
            Work::Mail { .. } => {
                let owners = self.mail.remove(token).unwrap_or_default();
                let strange = owners.iter().find(|owner| **owner != user);
                (
                    strange.map(|owner| format!("a letter of {owner}")),
                    owners.len() as u64,
                )
            }
            _ => (None, self.loads.remove(token).unwrap_or(0)),
        };
        if let (Some(strange), _) = &strange {
            let name = who::name(history, op);
            verdict.complain(
                history.end(),
                format!("{name} of {user} has left {strange}"),
            );
        }
        strange.1
    }

    /// What nobody took.
    fn strays(self) -> Vec<String> {
        let named = |kind: &str, token: &str| format!("a {kind} {token:?}");
        let transfers = self.transfers.keys().map(|token| named("transfer", token));
        let loads = self.loads.keys().map(|token| named("load", token));
        let mail = self.mail.keys().map(|token| named("letter", token));
        let mut strays: Vec<String> = transfers.chain(loads).chain(mail).collect();
        strays.sort();
        strays
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::{Effect, Moved, What};
    use crate::judge::fixture::{COPY_IN, IN_STORM, MAIL, Seeded, TRANSFER};

    const OWN: &[&str] = &["writes"];
    const STORM_TRANSFER: u64 = IN_STORM + TRANSFER;
    const STORM_COPY_IN: u64 = IN_STORM + COPY_IN;

    fn stray() -> Moved {
        Moved {
            token: "stray".to_owned(),
            from: 1,
            to: 1,
            amount: 5,
            by: "alice".to_owned(),
        }
    }

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            &["writes", "money"],
            "a COMMIT is acknowledged and lost",
            |book| drop(book.contents().transfers.remove(0)),
            "alice#1's request 3 (transfer) was acknowledged, but is there with 0 of 1 rows",
        ),
        Seeded::new(
            OWN,
            "a letter is lost",
            |book| drop(book.contents().mail.remove(0)),
            "alice#1's request 8 (mail) was acknowledged, but is there with 0 of 1 rows",
        ),
        Seeded::new(
            OWN,
            "a load is cut",
            |book| {
                book.contents().loads.insert("t6".to_owned(), 4);
            },
            "(copy-in) was acknowledged, but is there with 4 of 5 rows",
        ),
        Seeded::new(
            OWN,
            "a load is repeated",
            |book| {
                book.contents().loads.insert("t6".to_owned(), 10);
            },
            "(copy-in) was acknowledged, but is there with 10 of 5 rows",
        ),
        Seeded::new(
            OWN,
            "a letter is sent twice",
            |book| {
                let first = book.contents().mail[0].clone();
                book.contents().mail.push(first);
            },
            "(mail) was acknowledged, but is there with 2 of 1 rows",
        ),
        Seeded::new(
            OWN,
            "half of a load that nobody was told of",
            |book| {
                book.contents().loads.insert("abandoned".to_owned(), 2);
            },
            "(copy-in) is only partly there: there with 2 of 3 rows",
        ),
        Seeded::new(
            OWN,
            "a transaction that was rolled back is there",
            |book| book.fail(STORM_TRANSFER, Some("40P01"), Effect::None),
            "(transfer) had failed, but is there with 1 of 1 rows",
        ),
        Seeded::new(
            OWN,
            "a row says something else than was asked",
            |book| book.contents().transfers[0].by = "bob".to_owned(),
            "alice#1's request 3 (transfer) of alice has left 2 from account 0 to 3 by bob",
        ),
        Seeded::new(
            OWN,
            "a letter has another owner",
            |book| book.contents().mail[0].1 = "bob".to_owned(),
            "alice#1's request 8 (mail) of alice has left a letter of bob",
        ),
        Seeded::new(
            OWN,
            "a row that nobody asked for",
            |book| book.contents().transfers.push(stray()),
            "a transfer \"stray\" is there, and nobody asked for it",
        ),
        Seeded::new(
            OWN,
            "a letter that nobody wrote",
            |book| {
                let letter = ("abc".to_owned(), "bob".to_owned());
                book.contents().mail.push(letter);
            },
            "a letter \"abc\" is there, and nobody asked for it",
        ),
        Seeded::new(
            OWN,
            "a load that nobody sent",
            |book| {
                book.contents().loads.insert("abc".to_owned(), 1);
            },
            "a load \"abc\" is there, and nobody asked for it",
        ),
        Seeded::new(
            OWN,
            "nobody reads the database",
            |book| book.remove(|what| matches!(what, What::Final(_))),
            "nobody read the database at the end",
        ),
        Seeded::pardon("an unknown load is wholly there", |book| {
            book.contents().loads.insert("abandoned".to_owned(), 3);
        }),
        Seeded::pardon("a load without an answer is absent", |book| {
            book.silence(STORM_COPY_IN);
            book.contents().loads.remove("t60");
        }),
        Seeded::pardon("a letter without an answer is there", |book| {
            book.silence(IN_STORM + MAIL);
        }),
    ];
}
