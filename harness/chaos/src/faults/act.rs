//! One fault's life, written down.

use std::time::Duration;

use harness::{Error, Result};
use tokio::time::{Instant, sleep_until, timeout};

use super::current::Current;
use super::place::Stage;
use super::turns::is_kept;
use crate::history::What;
use crate::plan::Fault;

/// A drain takes its 10 s, and a pooler that has to be killed a moment more.
const BEGINS_WITHIN: Duration = Duration::from_secs(20);
/// PostgreSQL may have to recover.
const ENDS_WITHIN: Duration = Duration::from_secs(40);

/// Begins it as soon as it can begin, lets it stay for `length`, ends it.
pub(super) async fn act(
    stage: &Stage,
    number: usize,
    fault: &Fault,
    length: Duration,
    current: &Current,
) {
    let turn = stage.turns.of(fault).await;
    // What takes long to begin is there meanwhile.
    let until = Instant::now() + length;
    let entry = current.enter(number, fault.to_string());
    stage.recorder.note(What::FaultBegan {
        number,
        fault: fault.clone(),
    });
    let (begun, mut trouble) = match within(BEGINS_WITHIN, stage.begin(number, fault)).await {
        Ok(begun) => (Some(begun), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let _kept = is_kept(fault).then_some(turn);
    entry.has_begun();
    sleep_until(until).await;
    let hits = match within(ENDS_WITHIN, stage.end(number, fault, begun)).await {
        Ok(hits) => hits,
        Err(error) => {
            let first = trouble.take().map(|first| format!("{first}; "));
            trouble = Some(format!("{}{error}", first.unwrap_or_default()));
            None
        }
    };
    stage.recorder.note(What::FaultEnded {
        number,
        hits,
        trouble,
    });
}

pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(Error::told(format!("it took longer than {limit:?}")));
    timeout(limit, work).await.unwrap_or_else(late)
}
