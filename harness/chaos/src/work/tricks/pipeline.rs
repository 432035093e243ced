//! Several asks under way at once on one connection, each a request of its own.

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use harness::client::Failure;

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
    let mut under_way: FuturesOrdered<_> = requests
        .into_iter()
        .map(|(asked, token, rows)| {
            let (sql, driver) = (&sql, &*driver);
            async move {
                let parameters = [&*token, &*rows];
                let told = within(deadline, driver.query_unnamed(sql, &parameters)).await;
                (asked, told)
            }
        })
        .collect();
    let (mut well, mut last_words) = (true, None);
    while let Some((asked, told)) = under_way.next().await {
        let told = told.map_err(|failure| explain(failure, &mut last_words));
        well &= asked.answered(answer(told));
    }
    drop(under_way);
    scene.well &= well;
    // Each has been noted when it came; the session is to learn of it, too.
    let _ = scene.hear(last_words.map_or(Ok(()), Err));
}

/// The server says once why it ends a connection. To the requests behind that one it says nothing.
fn explain(failure: Failure, last_words: &mut Option<Failure>) -> Failure {
    match last_words {
        Some(told) if failure.sqlstate.is_none() && !failure.late => told.clone(),
        _ if failure.fatal => last_words.insert(failure).clone(),
        _ => failure,
    }
}
