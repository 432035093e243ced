//! `bdd`: runs the features. See `--help`.

use std::process::ExitCode;

use clap::Parser as _;
use steps::run::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(surprise) => {
            println!("FAIL {surprise}");
            println!("0 passed, 1 failed, 0 skipped");
            ExitCode::FAILURE
        }
    }
}
