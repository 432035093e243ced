//! The whole history of a run: what was asked, what came of it, and what was done to it meanwhile.
//!
//! It is written while the run goes on ([`Recorder`]), kept as `events.jsonl`, and judged afterwards
//! from what was written and nothing else: a file from an earlier run is judged just the same.

mod event;
mod read;
mod recorder;
mod recovery;
mod work;

pub use event::{
    Contents, Event, Leaving, Micros, Moved, Password, Phase, PoolRow, Sample, Setting, What,
};
pub use read::{FaultSpan, History, Op, Session};
pub use recorder::Recorder;
pub use recovery::Recovery;
pub use work::{Answer, Effect, Held, How, ListStep, Origin, Outcome, Row, Work};
