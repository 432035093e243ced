//! Chaos: much work, many faults, a whole history, and judges.
//!
//! ```text
//!   seed ─▶ plan ─▶ storm ──▶ work   clients that do all that clients do  ─┐
//!                     ├─────▶ faults the schedule, acted out               ├─▶ history ─▶ judge ─▶ report
//!                     └─────▶ watch  what pooler and PostgreSQL say        ─┘      └────▶ coverage
//!   a red verdict ─▶ shrink ─▶ a feature that replays it
//! ```
//!
//! In scope: everything above, for any pooler that the harness can start. Out of scope: Gherkin (the
//! `steps` crate has the sentences), and how faults work (`pgtoxiproxy`).
//! Arrows in the import graph point to the left: judges read the history and know nothing of a storm.

pub mod coverage;
pub mod defect;
pub mod dice;
pub mod faults;
pub mod feature;
pub mod ground;
pub mod history;
pub mod judge;
pub mod plan;
pub mod report;
pub mod shrink;
pub mod storm;
pub mod watch;
pub mod work;
