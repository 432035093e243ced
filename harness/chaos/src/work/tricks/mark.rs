//! A session's setting, which nobody else may ever see.

use harness::client::{Answer, Failure};

use super::ask::answer;
use crate::history::Work;
use crate::work::origin::rows_sql;
use crate::work::scene::Scene;

pub(super) async fn play(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let sql = rows_sql(&token, 1);
    let asked = scene.ask(op, Work::Mark { token });
    let told = set_and_look(scene, &sql).await;
    scene.answer(asked, answer(told));
}

async fn set_and_look(scene: &mut Scene<'_>, sql: &str) -> Result<Answer, Failure> {
    let set = format!("SET chaos.mark = '{}'", scene.client);
    scene.run(&set).await?;
    scene.run(sql).await
}
