//! The sum of all accounts, as one statement sees it.

use harness::client::{Answer, Failure};

use crate::history::{Outcome, Work};
use crate::work::effect::{none, strange};
use crate::work::scene::Scene;

pub(super) async fn play(scene: &mut Scene<'_>) {
    let op = scene.desk.recorder.next_op();
    let asked = scene.ask(op, Work::Total);
    let told = scene.run("SELECT sum(balance)::text FROM accounts").await;
    let answer = match told.and_then(|answer| sum(&answer)) {
        Ok(sum) => Outcome::Total { sum }.into(),
        Err(failure) => none(failure),
    };
    scene.answer(asked, answer);
}

fn sum(answer: &Answer) -> Result<i64, Failure> {
    match answer.rows.as_slice() {
        [row] if row.len() == 1 => row[0].as_ref().and_then(|text| text.parse().ok()),
        _ => None,
    }
    .ok_or_else(|| strange(format!("the answer is no sum: {:?}", answer.rows)))
}
