//! The command line: read the configuration, start the log, run.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};
use pgturnstile::config::{self, Loaded, Problem};
use pgturnstile::{app, logging};
use tracing_subscriber::filter::LevelFilter;

/// The configuration can't be used (`EX_CONFIG` of sysexits.h).
const CONFIGURATION: u8 = 78;

/// A PostgreSQL connection pooler whose users come from PostgreSQL.
///
/// Exit codes: 0 orderly; 1 could not bind, or another failure at start; 2 usage; 3 clients were
/// still there when the grace time ran out or a second signal came; 78 configuration.
/// Signals: TERM and INT drain, a second one or QUIT ends at once, HUP reloads, USR1 pauses, USR2
/// resumes.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The configuration file: .yaml and .yml are YAML, all else TOML.
    #[arg(env = "CONFIG_FILE", default_value = "pgturnstile.toml")]
    config: PathBuf,

    /// Check the configuration and leave.
    #[arg(short = 't', long)]
    test_config: bool,

    #[arg(
        short,
        long,
        env = "LOG_LEVEL",
        default_value = "info",
        ignore_case = true
    )]
    log_level: Level,

    #[arg(
        short = 'F',
        long,
        env = "LOG_FORMAT",
        default_value = "text",
        ignore_case = true
    )]
    log_format: Format,

    /// No colours in the log, also when it goes to a terminal.
    #[arg(short, long, env = "NO_COLOR", value_parser = FalseyValueParser::new())]
    no_color: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line of text for each event.
    Text,
    /// A JSON object a line for each event.
    Structured,
}

pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let loaded = config::load(&arguments.config, &config::process_environment);
    match loaded {
        Err(problems) => refuse(&problems),
        Ok(loaded) if arguments.test_config => approve(&arguments, &loaded),
        Ok(loaded) => serve(arguments, loaded),
    }
}

/// Nobody is left to hear of a broken stderr, so such errors are passed over here and below.
fn refuse(problems: &[Problem]) -> ExitCode {
    let mut err = std::io::stderr().lock();
    for problem in problems {
        let _ = writeln!(err, "Config parse error: {problem}");
    }
    ExitCode::from(CONFIGURATION)
}

fn approve(arguments: &Arguments, loaded: &Loaded) -> ExitCode {
    let mut err = std::io::stderr().lock();
    for warning in &loaded.warnings {
        let _ = writeln!(err, "Config warning: {warning}");
    }
    let file = arguments.config.display();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "pgturnstile: the configuration file {file} syntax is ok"
    );
    let _ = writeln!(
        out,
        "pgturnstile: configuration file {file} test is successful"
    );
    ExitCode::SUCCESS
}

fn serve(arguments: Arguments, loaded: Loaded) -> ExitCode {
    logging::start(level(arguments.log_level), format(&arguments));
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    raise_file_limit(loaded.settings.general.limits.max_connections);
    app::run(loaded, arguments.config)
}

fn level(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

fn format(arguments: &Arguments) -> logging::Format {
    match arguments.log_format {
        Format::Structured => logging::Format::Structured,
        Format::Text => logging::Format::Text {
            color: !arguments.no_color && std::io::stderr().is_terminal(),
        },
    }
}

/// Each client and each server is a descriptor: take as many as the hard limit allows.
fn raise_file_limit(clients: usize) {
    match rlimit::increase_nofile_limit(rlimit::INFINITY) {
        Ok(limit) if limit > clients as u64 => {}
        Ok(limit) => tracing::warn!(
            "this process may open {limit} files, too few for max_connections = {clients}"
        ),
        Err(error) => tracing::warn!("can't raise the limit on open files: {error}"),
    }
}
