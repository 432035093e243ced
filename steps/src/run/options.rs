//! The command line of `bdd`.

use std::path::PathBuf;

use clap::Parser;
use harness::artifacts::repository;

/// Runs the features of pgturnstile against a pooler and a PostgreSQL of its own.
#[derive(Debug, Clone, Parser)]
#[command(name = "bdd", version)]
pub struct Options {
    /// Which scenarios, as '@auth-query and not @slow'; all when empty
    #[arg(long, env = "TAGS", default_value = "")]
    pub tags: String,
    /// Only scenarios whose name holds this text, or one of several
    #[arg(long)]
    pub name: Vec<String>,
    /// Run again and again, so many times; stops at the first red
    #[arg(long, env = "REPEAT", default_value = "1", value_parser = count)]
    pub repeat: usize,
    /// List the scenarios and their tags, run none
    #[arg(long)]
    pub list: bool,
    /// Scenarios side by side
    #[arg(long, default_value_t = 4)]
    pub concurrency: usize,
    /// pgturnstile, pgbouncer or none (then only @portable scenarios run)
    #[arg(long, env = "POOLER", default_value = "pgturnstile")]
    pub pooler: String,
    /// auto, container or local
    #[arg(long, env = "PG_PROVIDER", default_value = "auto")]
    pub provider: String,
    /// Compare each verdict with the pooler's file in steps/verdicts
    #[arg(long)]
    pub compare_verdicts: bool,
    /// Write that file anew
    #[arg(long)]
    pub write_verdicts: bool,
    /// The folder of the features
    #[arg(long, default_value_os_t = repository().join("features"))]
    pub features: PathBuf,
}

/// `make` hands on an empty variable where nothing was said.
fn count(text: &str) -> Result<usize, std::num::ParseIntError> {
    if text.is_empty() { Ok(1) } else { text.parse() }
}
