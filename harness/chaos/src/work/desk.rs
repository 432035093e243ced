//! What all clients of a run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::pace::Pace;
use super::tally::Tally;
use crate::ground::Ground;
use crate::history::Recorder;

/// Lists that are appended to at a time.
const ACTIVE_LISTS: u64 = 6;
/// After so many appends another list takes its place, so that lists stay short.
const APPENDS: u64 = 60;

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) ground: Arc<Ground>,
    pub(super) recorder: Recorder,
    pub(super) seed: u64,
    pub(super) tally: Tally,
    pub(super) pace: Pace,
    calm: AtomicBool,
    /// Told when all have to leave.
    pub(super) closing: CancellationToken,
    /// Appends in each of the places of a list.
    appends: [AtomicU64; 6],
}

impl Desk {
    pub(super) fn new(ground: Arc<Ground>, recorder: Recorder, seed: u64) -> Self {
        Self {
            ground,
            recorder,
            seed,
            tally: Tally::default(),
            pace: Pace::begin(),
            calm: AtomicBool::new(false),
            closing: CancellationToken::new(),
            appends: Default::default(),
        }
    }

    pub(super) fn be_calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Waits, but not longer than there is work.
    pub(super) async fn rest(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.closing.cancelled() => {}
        }
    }

    /// The list that is in one of the places just now; `append` counts towards its end.
    pub(super) fn list(&self, place: u64, append: bool) -> u32 {
        let place = place % ACTIVE_LISTS;
        let count = self
            .appends
            .get(usize::try_from(place).unwrap_or(0))
            .map_or(0, |appends| {
                appends.fetch_add(u64::from(append), Ordering::Relaxed)
            });
        u32::try_from(count / APPENDS * ACTIVE_LISTS + place).unwrap_or(0)
    }
}
