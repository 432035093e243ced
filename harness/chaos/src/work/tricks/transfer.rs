//! Money from one account to another. The sum of all accounts never changes.

use crate::ground::ACCOUNTS;
use crate::history::{Answer, Outcome, Work};
use crate::work::scene::Scene;
use crate::work::transaction;

pub(super) async fn play(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let from = scene.dice.below(u64::from(ACCOUNTS));
    let step = scene.dice.between(1, u64::from(ACCOUNTS) - 1);
    let to = (from + step) % u64::from(ACCOUNTS);
    let amount = scene.dice.between(1, 1_500);
    let insert = format!(
        "INSERT INTO transfers (token, source, target, amount) VALUES ('{token}', {from}, {to}, {amount})"
    );
    let take = format!("UPDATE accounts SET balance = balance - {amount} WHERE id = {from}");
    let give = format!("UPDATE accounts SET balance = balance + {amount} WHERE id = {to}");
    // The lower account first: two transfers never wait for each other.
    let statements = if from < to {
        [take, give, insert]
    } else {
        [give, take, insert]
    };
    let asked = scene.ask(op, work(token, from, to, amount));
    let told = transaction::run(scene, "BEGIN", &statements).await;
    let told = told.map(|done| Answer {
        outcome: Outcome::Written,
        held: Some(done.held),
    });
    scene.answer(asked, told.unwrap_or_else(|failed| failed));
}

/// All these numbers are small.
fn work(token: String, from: u64, to: u64, amount: u64) -> Work {
    Work::Transfer {
        token,
        from: u32::try_from(from).unwrap_or(0),
        to: u32::try_from(to).unwrap_or(0),
        amount: i64::try_from(amount).unwrap_or(0),
    }
}
