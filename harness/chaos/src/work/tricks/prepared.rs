//! An ask through a named statement, prepared once a session.

use harness::client::{Answer, Failure};

use super::ask::{answer, number_of_rows};
use crate::history::{How, Work};
use crate::work::origin::parameters_sql;
use crate::work::scene::{Scene, within};

const STATEMENT: &str = "ask";

pub(super) async fn play(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let rows = number_of_rows(scene);
    let work = Work::Ask {
        token: token.clone(),
        rows,
        how: How::Prepared,
    };
    let asked = scene.ask(op, work);
    let deadline = scene.deadline;
    let told = within(deadline, execute(scene, &token, rows)).await;
    let told = scene.hear(told);
    scene.answer(asked, answer(told));
}

async fn execute(scene: &mut Scene<'_>, token: &str, rows: u64) -> Result<Answer, Failure> {
    let driver = scene.driver()?;
    if !driver.knows(STATEMENT) {
        driver.prepare(STATEMENT, &parameters_sql()).await?;
    }
    driver.execute(STATEMENT, &[token, &rows.to_string()]).await
}
