//! What has to hold before any fault is tried: failpoints are where they belong, and nowhere else.

use std::fs;
use std::path::Path;

use harness::{Error, Result};
use tokio::process::Command;

/// Every binary with failpoints has these words in it.
const WORDS: [&str; 2] = ["PGTURNSTILE_FAILPOINTS", "login_after_proof"];

/// The complaints, one a line.
pub(crate) async fn complaints(ordinary: &Path, with_failpoints: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for word in WORDS {
        if holds(ordinary, word)? {
            complaints.push(format!("the ordinary pooler has failpoints: {word}"));
        }
        if !holds(with_failpoints, word)? {
            complaints.push(format!("the pooler with failpoints lacks {word}"));
        }
    }
    for (told, why) in [
        ("turn_mid=sleep(1)", "is not [N*]panic"),
        ("turn_end=panic", "is no failpoint"),
    ] {
        complaints.extend(takes(with_failpoints, told, why).await?);
    }
    Ok(complaints)
}

fn holds(binary: &Path, word: &str) -> Result<bool> {
    let bytes = fs::read(binary).map_err(Error::io(binary.display().to_string()))?;
    let found = bytes.windows(word.len()).any(|at| at == word.as_bytes());
    Ok(found)
}

/// Nonsense in the variable is an error at the start, with a reason.
async fn takes(binary: &Path, told: &str, why: &str) -> Result<Option<String>> {
    let mut command = Command::new(binary);
    command.env("PGTURNSTILE_FAILPOINTS", told).arg("--version");
    let output = command.kill_on_drop(true).output().await;
    let output = output.map_err(Error::io(binary.display().to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let refused = output.status.code() == Some(2) && said.contains(why);
    Ok((!refused).then(|| format!("PGTURNSTILE_FAILPOINTS={told} is not refused: {said}")))
}
