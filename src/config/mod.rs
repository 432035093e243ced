//! From a file's text to checked values.

pub mod file;
pub mod hba;
pub mod resolve;
pub mod settings;
pub mod units;
