//! Does everybody see its own rows and no others?

use std::collections::HashMap;

use super::{Judge, Verdict, who};
use crate::history::{History, Op, Outcome, Work};

pub(super) struct Rows;

impl Judge for Rows {
    fn name(&self) -> &'static str {
        "rows"
    }

    fn rule(&self) -> &'static str {
        "a reader sees its own letters, the one just written among them, and nobody else's"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let askers = who::askers(history);
        for op in &history.ops {
            let Work::Mail { token } = &op.work else {
                continue;
            };
            let Some((at, answer)) = &op.answer else {
                continue;
            };
            let Outcome::Mail { letters, .. } = &answer.outcome else {
                continue;
            };
            verdict.fact();
            for why in complaints(history, &askers, op, token, letters) {
                verdict.complain(*at, format!("{} {why}", who::name(history, op)));
            }
        }
        verdict
    }
}

fn complaints(
    history: &History,
    askers: &HashMap<&str, &Op>,
    op: &Op,
    own: &str,
    letters: &[(String, String)],
) -> Vec<String> {
    let user = history.user(op);
    let mut complaints = Vec::new();
    if let Some((owner, token)) = letters.iter().find(|(owner, _)| owner != user) {
        complaints.push(format!("of {user} saw {owner}'s letter {token:?}"));
    }
    let foreign = letters.iter().find_map(|(owner, token)| {
        let writer = askers.get(token.as_str()).copied();
        let is_own = writer.is_some_and(|writer| history.user(writer) == user);
        (owner == user && !is_own).then_some((token, writer))
    });
    match foreign {
        Some((token, None)) => {
            complaints.push(format!("saw a letter {token:?}, which nobody wrote"));
        }
        Some((token, Some(writer))) => {
            let writer = who::name(history, writer);
            complaints.push(format!("of {user} saw the letter {token:?} of {writer}"));
        }
        None => {}
    }
    if !letters.iter().any(|(_, token)| token == own) {
        complaints.push("did not see the letter that it had just written".to_owned());
    }
    complaints
}

#[cfg(test)]
pub(super) mod tests {
    use crate::judge::fixture::{BOBS, MAIL, Seeded};

    const OWN: &[&str] = &["rows"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "row-level security lets a foreign letter through",
            |book| {
                let letter = ("alice".to_owned(), "t8".to_owned());
                book.letters(MAIL + BOBS).push(letter);
            },
            "bob#2's request 17 (mail) of bob saw alice's letter \"t8\"",
        ),
        Seeded::new(
            OWN,
            "a letter of another under the reader's name",
            |book| {
                let letter = ("bob".to_owned(), "t8".to_owned());
                book.letters(MAIL + BOBS).push(letter);
            },
            "of bob saw the letter \"t8\" of alice#1's request 8 (mail)",
        ),
        Seeded::new(
            OWN,
            "a letter out of nowhere",
            |book| {
                let letter = ("alice".to_owned(), "abc".to_owned());
                book.letters(MAIL).push(letter);
            },
            "saw a letter \"abc\", which nobody wrote",
        ),
        Seeded::new(
            OWN,
            "a letter that its writer does not see",
            |book| book.letters(MAIL).clear(),
            "alice#1's request 8 (mail) did not see the letter that it had just written",
        ),
    ];
}
