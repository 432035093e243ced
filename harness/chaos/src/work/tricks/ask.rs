//! Asks: rows that say who and where they come from, and that nobody else has asked for.

use harness::client::{Answer as Rows, Failure};

use crate::history::{Answer, How, Outcome, Work};
use crate::work::effect::none;
use crate::work::origin::{self, parameters_sql, rows_sql};
use crate::work::scene::{Scene, within};
use crate::work::transaction;

/// So many rows that they fill the buffers on their way.
const LONG: u64 = 5_000;

pub(super) async fn simple(scene: &mut Scene<'_>) {
    let rows = number_of_rows(scene);
    simple_of(scene, rows).await;
}

pub(super) async fn long(scene: &mut Scene<'_>) {
    simple_of(scene, LONG).await;
}

async fn simple_of(scene: &mut Scene<'_>, rows: u64) {
    let (op, token) = scene.token();
    let sql = rows_sql(&token, rows);
    let how = How::Simple;
    let asked = scene.ask(op, Work::Ask { token, rows, how });
    let told = scene.run(&sql).await;
    scene.answer(asked, answer(told));
}

pub(super) async fn unnamed(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let rows = number_of_rows(scene);
    let work = Work::Ask {
        token: token.clone(),
        rows,
        how: How::Unnamed,
    };
    let asked = scene.ask(op, work);
    let deadline = scene.deadline;
    let told = within(deadline, async {
        let (driver, rows) = (scene.driver()?, rows.to_string());
        let parameters = [&*token, &*rows];
        driver.query_unnamed(&parameters_sql(), &parameters).await
    });
    let told = told.await;
    let told = scene.hear(told);
    scene.answer(asked, answer(told));
}

pub(super) async fn in_transaction(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let rows = number_of_rows(scene);
    let statements = [rows_sql(&token, rows)];
    let how = How::Transaction;
    let asked = scene.ask(op, Work::Ask { token, rows, how });
    let told = transaction::run(scene, "BEGIN", &statements).await;
    let answer = match told {
        Ok(done) => Answer {
            held: Some(done.held),
            ..answer(Ok(done.answers.into_iter().next().unwrap_or_default()))
        },
        Err(failed) => failed,
    };
    scene.answer(asked, answer);
}

/// Mostly few; sometimes more than one packet holds.
pub(super) fn number_of_rows(scene: &mut Scene<'_>) -> u64 {
    if scene.dice.percent(5) {
        scene.dice.between(50, 300)
    } else {
        scene.dice.between(1, 8)
    }
}

/// What came of an ask; it writes nothing.
pub(super) fn answer(told: Result<Rows, Failure>) -> Answer {
    match told.and_then(|answer| origin::rows(&answer)) {
        Ok(rows) => Outcome::Rows { rows }.into(),
        Err(failure) => none(failure),
    }
}
