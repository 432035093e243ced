//! The pooler with its failpoints, as `PGTURNSTILE_FAILPOINTS` arms them (`name=action;…`). For
//! tests only: `make build` makes none.

use std::io::Write;
use std::process::ExitCode;

#[path = "../main.rs"]
mod command_line;

/// As for any other mistake on the command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let told = std::env::var("PGTURNSTILE_FAILPOINTS").unwrap_or_default();
    if let Err(why) = pgturnstile::failpoint::arm(&told) {
        // Nobody is left to hear of a broken stderr.
        let _ = writeln!(std::io::stderr(), "PGTURNSTILE_FAILPOINTS: {why}");
        return ExitCode::from(USAGE);
    }
    command_line::main()
}
