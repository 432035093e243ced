//! The whole schedule, from its first fault to the end of its last.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::act::act;
use super::current::Current;
use super::lift::lift_all;
use super::place::Stage;
use crate::ground::Ground;
use crate::history::Recorder;
use crate::plan::{Planned, Schedule};

/// Plays it, beginning now, and notes what it does; returns when everything has been taken away.
///
/// # Cancel safety
/// Dropped, it leaves the faults of that moment in place: [`lift_all`] takes them away.
pub async fn play(
    ground: &Arc<Ground>,
    recorder: &Recorder,
    schedule: &Schedule,
    current: &Current,
) {
    let stage = Arc::new(Stage::new(Arc::clone(ground), recorder.clone()));
    let began = Instant::now();
    let mut faults: Vec<(usize, &Planned)> = (1..).zip(&schedule.faults).collect();
    // A feature's table may name them in any order.
    faults.sort_by_key(|(_, planned)| planned.at);
    let mut acting = JoinSet::new();
    for (number, planned) in faults {
        let at = began + Duration::from_millis(planned.at);
        sleep_until(at).await;
        let length = Duration::from_millis(planned.length);
        let (stage, current) = (Arc::clone(&stage), current.clone());
        let fault = planned.fault.clone();
        acting.spawn(async move { act(&stage, number, &fault, length, &current).await });
        while acting.try_join_next().is_some() {}
    }
    while acting.join_next().await.is_some() {}
    // What failed here is in the history already, as the trouble of its fault.
    let _ = lift_all(ground).await;
}
