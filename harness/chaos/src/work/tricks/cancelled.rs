//! A query that would take long, cancelled on a connection of its own, as drivers do.

use std::time::Duration;

use futures::future::join;
use harness::client::{Answer as Rows, Failure, Session};
use tokio::time::sleep;

use super::ask::answer;
use crate::history::{Answer, Leaving, Outcome, Work};
use crate::work::origin::COLUMNS;
use crate::work::scene::{Scene, within};

const CANCELLED: &str = "57014";

pub(super) async fn play(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let sql = sql(scene, &token);
    let after = Duration::from_millis(scene.dice.between(20, 200));
    let asked = scene.ask(op, Work::Cancelled { token });
    let told = within(scene.deadline, async {
        cancel_after(scene.line.session()?, &sql, after).await
    })
    .await;
    let answer = match told {
        Ok((told, cancelled)) => {
            if cancelled.is_err() {
                // It may still be on its way, and the next request would be hit by it.
                scene.over = Some(Leaving::Polite);
            }
            outcome(scene.hear(told))
        }
        Err(failure) => outcome(scene.hear(Err(failure))),
    };
    scene.answer(asked, answer);
}

/// For who leaves while it runs.
pub(super) async fn without_cancel(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let sql = sql(scene, &token);
    let asked = scene.ask(op, Work::Cancelled { token });
    let told = scene.run(&sql).await;
    scene.answer(asked, outcome(told));
}

fn sql(scene: &mut Scene<'_>, token: &str) -> String {
    let milliseconds = scene.dice.between(1_000, 2_000);
    format!("SELECT {COLUMNS}, '{token}'::text, '1' FROM pg_sleep({milliseconds} / 1000.0)")
}

/// What came of the query, and of the cancel request: that is over when its connection is closed.
async fn cancel_after(
    session: &mut Session,
    sql: &str,
    after: Duration,
) -> Result<(Result<Rows, Failure>, Result<(), Failure>), Failure> {
    session.start(sql).await?;
    let token = session.canceller();
    let cancel = async {
        sleep(after).await;
        token?.cancel().await
    };
    Ok(join(session.finish(), cancel).await)
}

fn outcome(told: Result<Rows, Failure>) -> Answer {
    match told {
        Err(failure) if failure.sqlstate.as_deref() == Some(CANCELLED) && !failure.fatal => {
            Outcome::Cancelled.into()
        }
        told => answer(told),
    }
}
