//! The part of a run in which clients are there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use harness::Result;
use tokio::time::{Instant, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{LEAVES_WITHIN, Run};
use crate::defect;
use crate::faults::{self, Current};
use crate::ground::Ground;
use crate::history::{Phase, Recorder, Recovery, What};
use crate::judge::RECOVERS_WITHIN;
use crate::report::{Counts, Progress};
use crate::work::Troupe;

/// So long the calm lasts at least.
const CALM: Duration = Duration::from_secs(2);

pub(super) async fn live(
    run: &Run,
    ground: &Arc<Ground>,
    recorder: &Recorder,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<()> {
    let enter = |phase, words: &str| {
        recorder.note(What::Phase { phase });
        progress.phase(words);
    };
    let current = Current::default();
    enter(Phase::WarmUp, "warm-up");
    let troupe = Troupe::begin(Arc::clone(ground), recorder.clone(), &run.schedule.order);
    let acts = async {
        wait(run.warm_up, stop).await;
        enter(Phase::Storm, "storm");
        storm(run, ground, recorder, &current, stop).await?;
        enter(Phase::Calm, "calm");
        troupe.calm();
        recovered(recorder).await;
        enter(Phase::Quiet, "quiet");
        wait(run.quiet, stop).await;
        Ok(())
    };
    let told = tokio::select! {
        told = acts => told,
        never = show(&troupe, &current, progress) => never,
    };
    enter(Phase::Leaving, "leaving");
    troupe.leave(LEAVES_WITHIN).await;
    told
}

/// Plays the schedule, with the defect in place if there is one.
async fn storm(
    run: &Run,
    ground: &Arc<Ground>,
    recorder: &Recorder,
    current: &Current,
    stop: &CancellationToken,
) -> Result<()> {
    let made = match run.defect {
        Some(defect) => Some(defect::make(defect, ground).await?),
        None => None,
    };
    let whole = Duration::from_secs(run.schedule.order.seconds);
    let played = async {
        let begun = Instant::now();
        faults::play(ground, recorder, &run.schedule, current).await;
        // The work goes on to the end of the storm, also behind the last fault.
        sleep(whole.saturating_sub(begun.elapsed())).await;
    };
    tokio::select! {
        () = played => {}
        () = stop.cancelled() => {}
    }
    faults::lift_all(ground).await?;
    if let Some(made) = made {
        made.lift(ground).await?;
    }
    Ok(())
}

/// Waits until every user has logged in and every kind of work has succeeded again, as the judge of
/// liveness asks; no longer than it allows.
async fn recovered(recorder: &Recorder) {
    let begun = Instant::now();
    // With fewer clients than users some have none.
    let mut users = BTreeSet::new();
    let mut seen = recorder.read_from(0, |event| {
        if let What::Login { user, .. } = &event.what {
            users.insert(user.clone());
        }
    });
    let mut recovery = Recovery::of(&users);
    while begun.elapsed() < RECOVERS_WITHIN {
        sleep(Duration::from_millis(100)).await;
        seen = recorder.read_from(seen, |event| recovery.take(event));
        if recovery.is_whole() && begun.elapsed() >= CALM {
            return;
        }
    }
}

async fn wait(time: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

/// Keeps the terminal up to date; never ends.
async fn show<T>(troupe: &Troupe, current: &Current, progress: &Progress) -> T {
    let mut beat = interval(Duration::from_millis(250));
    loop {
        beat.tick().await;
        progress.faults(&current.words());
        let counts = troupe.counts();
        progress.count(Counts {
            requests: counts.ok + counts.failed,
            failures: counts.failed,
            logins: counts.logins + counts.refused,
        });
    }
}
