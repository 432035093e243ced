//! The command line: Toxiproxy's flags, in Go's spelling or the usual one.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

use clap::{ArgAction, Parser};

use crate::api::Metrics;

const VERSION: &str = concat!(
    "version ",
    env!("CARGO_PKG_VERSION"),
    ", speaks the Toxiproxy API 2.12.0"
);

/// A fault proxy for PostgreSQL and everything else on TCP. It speaks the Toxiproxy HTTP API, so any
/// Toxiproxy client drives it.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "pgtoxiproxy",
    version = VERSION,
    disable_version_flag = true,
    after_help = "--help also tells how to use it.",
    after_long_help = include_str!("help.txt"),
    max_term_width = 100
)]
pub struct Options {
    /// The host that the API listens on; localhost means 127.0.0.1 and ::1.
    #[arg(long, default_value = "localhost")]
    pub host: String,

    /// The port that the API listens on; 0 means any, which the log tells.
    #[arg(long, default_value_t = 8474)]
    pub port: u16,

    /// A JSON file with proxies to begin with.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Decides every random throw of the toxics [default: any, which the log tells].
    #[arg(long, value_name = "NUMBER", value_parser = seed, allow_hyphen_values = true)]
    pub seed: Option<u64>,

    /// Serve the bytes of every proxy at /metrics.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        default_value_t = false, action = ArgAction::Set, hide_default_value = true,
        hide_possible_values = true, value_name = "BOOL")]
    pub proxy_metrics: bool,

    /// Serve numbers about this process at /metrics.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        default_value_t = false, action = ArgAction::Set, hide_default_value = true,
        hide_possible_values = true, value_name = "BOOL")]
    pub runtime_metrics: bool,

    /// Tell on stdout where the API listens: LISTENING 127.0.0.1:8474.
    #[arg(long)]
    pub print_address: bool,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

impl Options {
    /// From the arguments of a program, the first of which is its name.
    ///
    /// # Errors
    /// A message for the user: what is wrong, or the help or version that was asked for.
    pub fn parse_go(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments.into_iter().map(two_dashes))
    }

    pub fn metrics(&self) -> Metrics {
        Metrics {
            proxy: self.proxy_metrics,
            runtime: self.runtime_metrics,
        }
    }

    /// The seed that was given, or any; small enough for programs that read it as signed.
    pub fn seed_or_any(&self) -> u64 {
        let any = || RandomState::new().build_hasher().finish() >> 1;
        self.seed.unwrap_or_else(any)
    }
}

/// Go's flags begin with one dash. Single letters and numbers are left alone.
fn two_dashes(argument: OsString) -> OsString {
    let text = argument.to_str().unwrap_or_default();
    let mut letters = text.strip_prefix('-').unwrap_or_default().chars();
    let long = letters.next().is_some_and(|c| c.is_ascii_lowercase()) && letters.next().is_some();
    if long {
        OsString::from(format!("-{text}"))
    } else {
        argument
    }
}

/// Go's seeds are signed; all the bits of either kind count.
fn seed(text: &str) -> Result<u64, String> {
    let signed = || text.parse::<i64>().map(i64::cast_unsigned);
    let seed = text.parse::<u64>().or_else(|_| signed());
    seed.map_err(|_| "a seed is a whole number of 64 bits".to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::Options;

    fn parse(line: &str) -> Result<Options, clap::Error> {
        let words = ["pgtoxiproxy"].into_iter().chain(line.split_whitespace());
        Options::parse_go(words.map(OsString::from))
    }

    #[test]
    fn flags_have_one_dash_or_two() {
        for line in [
            "-host 0.0.0.0 -port 99 -config a.json -seed -7 -proxy-metrics",
            "-host=0.0.0.0 -port=99 -config=a.json -seed=-7 -proxy-metrics=true",
            "--host 0.0.0.0 --port 99 --config a.json --seed -7 --proxy-metrics",
            "--host=0.0.0.0 --port=99 --config=a.json --seed=-7 --proxy-metrics=true",
        ] {
            let options = parse(line).expect(line);
            assert_eq!((options.host.as_str(), options.port), ("0.0.0.0", 99));
            assert_eq!(options.config, Some("a.json".into()));
            assert_eq!(options.seed, Some(u64::MAX - 6));
            assert!(options.proxy_metrics && !options.runtime_metrics);
        }
    }

    #[test]
    fn without_flags_it_is_where_clients_look_for_it() {
        let options = parse("").expect("no flags");
        assert_eq!((options.host.as_str(), options.port), ("localhost", 8474));
        assert!(!options.metrics().proxy);
        assert_ne!(options.seed_or_any(), options.seed_or_any());
    }

    #[test]
    fn the_version_names_the_api_that_is_spoken() {
        for line in ["-version", "--version", "-V"] {
            let text = parse(line).expect_err(line).to_string();
            assert!(text.contains(crate::API_VERSION), "{text}");
        }
    }

    #[test]
    fn the_help_teaches() {
        for line in ["-help", "--help"] {
            let text = parse(line).expect_err(line).to_string();
            assert!(text.contains("holds/gate/release"), "{text}");
        }
    }

    #[test]
    fn what_is_no_flag_or_no_number_is_told() {
        for line in ["-seed x", "-port 65536", "-prot 1", "-proxy-metrics=maybe"] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
