//! Gate, checkout and release are tokio's: the pooler's own tests drop them at every await
//! (`src/pool/abandoned.rs`), and their part of the table is made here.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub const WORDS: &str = "permits are conserved, also through the undertaker";

#[derive(Debug, Default)]
pub struct Shown {
    pub took: Duration,
    /// Futures that were dropped half-way.
    pub dropped: u64,
    pub passed: usize,
    pub failed: usize,
}

pub fn try_all(root: &Path) -> Shown {
    let start = Instant::now();
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--locked", "--lib", "pool::abandoned"]);
    let output = cargo.args(["--", "--nocapture"]).current_dir(root).output();
    let said = match output {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if !output.status.success() {
                println!("{said}{}", String::from_utf8_lossy(&output.stderr));
            }
            said
        }
        Err(error) => {
            println!("cargo could not be run: {error}");
            String::new()
        }
    };
    read(&said, start.elapsed())
}

fn read(said: &str, took: Duration) -> Shown {
    let number = |text: &str| text.split_whitespace().find_map(|word| word.parse().ok());
    let dropped = said.split("dropped ").skip(1).filter_map(number).sum();
    // "test result: ok. 5 passed; 0 failed; ..."
    let count = |what: &str| {
        let result = said.lines().find(|line| line.starts_with("test result:"))?;
        let part = result.split(';').find(|part| part.ends_with(what))?;
        number(part)
    };
    let passed: u64 = count(" passed").unwrap_or(0);
    // Tests that did not even build failed.
    let failed = count(" failed").unwrap_or(u64::from(passed == 0));
    Shown {
        took,
        dropped,
        passed: usize::try_from(passed).unwrap_or(0),
        failed: usize::try_from(failed)
            .unwrap_or(1)
            .max(usize::from(passed == 0)),
    }
}
