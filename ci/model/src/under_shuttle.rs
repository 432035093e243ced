//! More threads than can be tried in every order: chosen schedules.
#![allow(
    clippy::duplicate_mod,
    reason = "the same files, once for each checker"
)]

#[path = "play.rs"]
mod play;
#[path = "pool.rs"]
mod pool;
#[path = "shipped.rs"]
#[rustfmt::skip] // the pooler formats them
mod shipped;
mod sync;

use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, Runner};

use self::play::Stage;
use crate::property;
use crate::scenario::Part;

/// Priorities of the threads change so often in a schedule: bugs up to this depth are sought.
const PCT_DEPTH: usize = 4;

pub fn check_random(parts: &'static [Part], seed: u64, schedules: usize) {
    run(parts, RandomScheduler::new_from_seed(seed, schedules));
}

pub fn check_pct(parts: &'static [Part], seed: u64, schedules: usize) {
    run(
        parts,
        PctScheduler::new_from_seed(seed, PCT_DEPTH, schedules),
    );
}

/// One schedule again, as a failure printed it.
pub fn replay(parts: &'static [Part], schedule: &str) {
    run(parts, ReplayScheduler::new_from_encoded(schedule));
}

fn run(parts: &'static [Part], scheduler: impl Scheduler + 'static) {
    let mut config = Config::new();
    // Weaker orders than SeqCst are loom's business.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        property::begin_execution();
        let stage = std::sync::Arc::new(Stage::new(parts));
        let threads: Vec<_> = parts
            .iter()
            .map(|part| {
                let stage = std::sync::Arc::clone(&stage);
                shuttle::thread::spawn(move || stage.play(part))
            })
            .collect();
        for thread in threads {
            thread.join().expect("a violation ends the process");
        }
    });
}
