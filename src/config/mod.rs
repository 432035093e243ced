//! From a file's text to checked values.
//!
//! [`load`] is the way in: `file` reads and merges, `tree` makes one spanned tree of TOML and YAML,
//! `resolve` reads that tree through `section` cursors into plain `settings`, `keys` knows every key
//! there is. Whatever is wrong is collected, so an operator sees all of it at once.

mod file;
pub mod hba;
pub mod keys;
pub mod problem;
pub mod reader;
mod resolve;
mod secret;
mod section;
pub mod settings;
mod tree;
mod units;
mod value;

use std::path::Path;

pub use problem::{Problem, Warning};
use reader::Reader;
pub use reader::{Environment, Identity};
pub use settings::Settings;

/// A configuration that may be used.
#[derive(Debug)]
pub struct Loaded {
    pub settings: Settings,
    /// In the order of the file, not logged yet.
    pub warnings: Vec<Warning>,
    /// Compare it on a reload: the same identity means that nothing changed.
    pub identity: Identity,
}

/// Reads a configuration file and everything it names, and checks it; all problems at once.
///
/// It blocks on files, briefly. Secrets are taken from `environment` where the file says so.
pub fn load(path: &Path, environment: Environment<'_>) -> Result<Loaded, Vec<Problem>> {
    let reader = Reader::new(environment);
    let settings = file::tree(&reader, path).and_then(|tree| resolve::settings(&reader, &tree));
    let (report, identity) = reader.finish();
    let (problems, warnings) = report.finish();
    match settings {
        Some(settings) if problems.is_empty() => Ok(Loaded {
            settings,
            warnings,
            identity,
        }),
        _ => Err(problems),
    }
}

/// The environment of this process, for [`load`].
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
