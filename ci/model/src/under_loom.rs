//! Every interleaving of a few threads.
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

use self::play::Stage;
use crate::property;
use crate::scenario::Part;

/// All executions, or those with at most `preemptions` switches that no thread asked for.
pub fn check(parts: &'static [Part], preemptions: Option<usize>) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemptions;
    model.max_branches = 10_000;
    model.check(move || {
        property::begin_execution();
        let stage = std::sync::Arc::new(Stage::new(parts));
        let (here, elsewhere) = parts.split_last().expect("a scenario has parts");
        for part in elsewhere {
            let stage = std::sync::Arc::clone(&stage);
            loom::thread::spawn(move || stage.play(part));
        }
        // Not joined: whoever is last judges the end, and a join would only add executions.
        stage.play(here);
    });
}
