//! Several asks under way at once on one connection, each a request of its own.

use futures::future::join_all;

use super::ask::{answer, number_of_rows};
use crate::history::{How, Work};
use crate::work::origin::parameters_sql;
use crate::work::scene::{Scene, within};

pub(super) async fn play(scene: &mut Scene<'_>) {
    let sql = parameters_sql();
    let mut requests = Vec::new();
    for _ in 0..scene.dice.between(2, 6) {
        let (op, token) = scene.token();
        let rows = number_of_rows(scene);
        let work = Work::Ask {
            token: token.clone(),
            rows,
            how: How::Pipelined,
        };
        requests.push((scene.ask(op, work), token, rows.to_string()));
    }
    // The first has its place already.
    for _ in 1..requests.len() {
        scene.desk.pace.wait();
    }
    let deadline = scene.deadline;
    let Ok(driver) = scene.driver() else { return };
    let under_way = requests.into_iter().map(|(asked, token, rows)| {
        let (sql, driver) = (&sql, &*driver);
        async move {
            let parameters = [&*token, &*rows];
            let told = within(deadline, driver.query_unnamed(sql, &parameters)).await;
            let over = told.as_ref().err().cloned();
            (asked.answered(answer(told)), over)
        }
    });
    for (well, failure) in join_all(under_way).await {
        scene.well &= well;
        // Each has been noted when it came; the session is to learn of it, too.
        let _ = scene.hear(failure.map_or(Ok(()), Err));
    }
}
