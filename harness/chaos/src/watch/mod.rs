//! Looks at pooler, PostgreSQL and proxies while a run goes on, and at their logs when it is over.
//!
//! Whatever stands still, the watch does not: each look has a second, and looks don't wait for one
//! another.

mod activity;
mod fired;
mod logs;
mod pools;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::ground::Ground;
use crate::history::{Recorder, Sample, What};

pub use logs::log_lines;

const SAMPLES_EVERY: Duration = Duration::from_millis(250);
const FIRED_EVERY: Duration = Duration::from_millis(200);
/// No look takes longer.
const LOOKS_WITHIN: Duration = Duration::from_secs(1);

/// A watch that goes on until it is ended. Its drop ends it too, without the last look.
#[derive(Debug)]
pub struct Watch {
    stop: watch::Sender<bool>,
    looking: JoinSet<()>,
}

impl Watch {
    pub fn begin(ground: Arc<Ground>, recorder: Recorder) -> Self {
        let (stop, stopped) = watch::channel(false);
        let counts = activity::Counts::default();
        let mut looking = JoinSet::new();
        let (there, shared) = (Arc::clone(&ground), counts.clone());
        looking.spawn(until(stopped.clone(), activity::keep(there, shared)));
        let (there, taken) = (Arc::clone(&ground), recorder.clone());
        looking.spawn(until(stopped.clone(), samples(there, taken, counts)));
        looking.spawn(fired(ground, recorder, stopped));
        Self { stop, looking }
    }

    /// Takes a last look at what fired, and ends.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        while self.looking.join_next().await.is_some() {}
    }
}

async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// Never ends.
async fn samples(ground: Arc<Ground>, recorder: Recorder, counts: activity::Counts) {
    let mut beat = interval(SAMPLES_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let pools = timeout(LOOKS_WITHIN, pools::look(&ground)).await;
        let (internals, pools) = pools.unwrap_or_default();
        recorder.note(What::Seen(Sample {
            internals,
            pools,
            sessions: counts.fresh(),
        }));
    }
}

/// Looks once more after it was stopped.
async fn fired(ground: Arc<Ground>, recorder: Recorder, mut stopped: watch::Receiver<bool>) {
    let mut events = fired::Events::default();
    let mut beat = interval(FIRED_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = beat.tick() => false,
            _ = stopped.wait_for(|stopped| *stopped) => true,
        };
        // What was not read now is read at the next look.
        let _ = timeout(LOOKS_WITHIN, events.look(&ground, &recorder)).await;
        if last {
            return;
        }
    }
}
