//! Is the sum of all balances always the same, and each balance what its transfers say?

use super::{Judge, Verdict, who};
use crate::history::{Contents, History, Outcome};

pub(super) struct Money;

impl Judge for Money {
    fn name(&self) -> &'static str {
        "money"
    }

    fn rule(&self) -> &'static str {
        "no money is made or lost: every transfer happens to both accounts or to none, and once"
    }

    fn judge(&self, history: &History) -> Verdict {
        let mut verdict = Verdict::of(self);
        let whole = i64::from(history.setting.accounts) * history.setting.opening_balance;
        for op in &history.ops {
            if let Some((at, answer)) = &op.answer
                && let Outcome::Total { sum } = answer.outcome
            {
                verdict.fact();
                if sum != whole {
                    let name = who::name(history, op);
                    verdict.complain(*at, format!("{name} saw the sum {sum}, not {whole}"));
                }
            }
        }
        if let Some(contents) = &history.contents {
            verdict.fact();
            balance(history, contents, whole, &mut verdict);
        }
        verdict
    }
}

/// Compares what is there at the end with what the transfers' rows say.
fn balance(history: &History, contents: &Contents, whole: i64, verdict: &mut Verdict) {
    let end = history.end();
    let accounts = &contents.accounts;
    let (count, wanted) = (accounts.len(), history.setting.accounts as usize);
    if count != wanted {
        verdict.complain(end, format!("there are {count} accounts, not {wanted}"));
    }
    let sum: i64 = accounts.iter().sum();
    if sum != whole {
        verdict.complain(end, format!("the sum at the end is {sum}, not {whole}"));
    }
    let mut expected = vec![history.setting.opening_balance; count];
    for moved in &contents.transfers {
        for (account, amount) in [(moved.from, -moved.amount), (moved.to, moved.amount)] {
            if let Some(balance) = expected.get_mut(account as usize) {
                *balance += amount;
            }
        }
    }
    for (account, (is, should)) in accounts.iter().zip(expected).enumerate() {
        if *is != should {
            let text = format!("account {account} has {is}, but its transfers make {should}");
            verdict.complain(end, text);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::history::Outcome;
    use crate::judge::fixture::{Seeded, TOTAL};

    const OWN: &[&str] = &["money"];

    pub(in crate::judge) const DEFECTS: &[Seeded] = &[
        Seeded::new(
            OWN,
            "a sum is read in the middle of a transfer",
            |book| book.answer(TOTAL).outcome = Outcome::Total { sum: 398 },
            "alice#1's request 4 (total) saw the sum 398, not 400",
        ),
        Seeded::new(
            OWN,
            "half a transfer",
            |book| book.contents().accounts[3] -= 2,
            "the sum at the end is 398, not 400",
        ),
        Seeded::new(
            OWN,
            "a transfer is executed twice",
            |book| {
                book.contents().accounts[0] -= 2;
                book.contents().accounts[3] += 2;
            },
            "account 0 has 66, but its transfers make 68",
        ),
        Seeded::new(
            OWN,
            "an account is gone",
            |book| {
                book.contents().accounts.pop();
            },
            "there are 3 accounts, not 4",
        ),
    ];
}
