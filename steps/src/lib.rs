//! The cucumber step library of pgturnstile, and its runner.
//!
//! In scope: the words of the features ([`words`], [`steps`]), what one scenario holds
//! ([`world`], [`scene`]), and the run around them ([`run`]). Everything that touches a socket, a
//! process or PostgreSQL is the harness's; a step body is a few lines that call it.

pub mod run;
pub mod scene;
pub mod stage;
pub mod steps;
pub mod surprise;
pub mod table;
pub mod within;
pub mod words;
pub mod world;

pub use surprise::Surprise;
pub use world::Turnstile;
