//! The words that features may use, by noun.

mod arrange;
mod check;
mod clients;
mod console;
mod copying;
mod crowd;
mod life;
mod pools;
mod postgres;
mod prepared;
mod protocol;
mod queries;
