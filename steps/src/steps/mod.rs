//! The words that features may use, by noun.

#![expect(
    clippy::needless_pass_by_value,
    reason = "cucumber hands parameters over by value"
)]

mod arrange;
pub mod chaos;
mod check;
mod clients;
mod console;
mod copying;
mod crowd;
mod faults;
mod ledger;
mod life;
mod pools;
mod postgres;
mod prepared;
mod protocol;
mod queries;
mod rounds;
