//! The logs, read when a run is over: lines that must not be there.

use std::path::Path;

use super::secrets::Secrets;
use crate::ground::Ground;
use crate::history::{Recorder, What};

/// Words that no log of a good program holds, and why.
const BAD: [(&str, &str); 2] = [
    ("panicked at", "a panic"),
    (
        "No pool configured",
        "a client was told \"No pool configured\"",
    ),
];

/// Reads the whole logs of all poolers of the run, and of the proxy, and notes each line that must
/// not be there. Nothing is noted of a log that does not exist.
pub async fn log_lines(ground: &Ground, recorder: &Recorder) {
    let secrets = Secrets::of(ground);
    // Poolers of one folder append to one file.
    let pooler = ground.pooler_folder().join("pooler.log");
    let proxy = ground.proxies.log_path().map(Path::to_owned);
    for (whose, path) in [("pooler", Some(pooler)), ("proxy", proxy)] {
        let Some(path) = path else { continue };
        let log = tokio::fs::read(path).await.unwrap_or_default();
        for why in complaints(&String::from_utf8_lossy(&log), &secrets) {
            let whose = whose.to_owned();
            recorder.note(What::LogLine { whose, why });
        }
    }
    let pooler = ground.pooler().await;
    if let Some(code) = pooler.as_ref().and_then(harness::Pooler::exited) {
        let (whose, why) = (
            "pooler".to_owned(),
            format!("it ended by itself with {code}"),
        );
        recorder.note(What::LogLine { whose, why });
    }
}

fn complaints<'a>(log: &'a str, secrets: &'a Secrets) -> impl Iterator<Item = String> + 'a {
    (1..).zip(log.lines()).filter_map(|(number, line)| {
        let why = secrets.given_away(line).or_else(|| {
            // Where a panic was is no secret by then, and what one wants to know.
            let (words, why) = BAD.iter().find(|(words, _)| line.contains(words))?;
            Some(format!("{why}: {}", behind(line, words)))
        })?;
        Some(format!("line {number}: {why}"))
    })
}

/// The words, and a little of what follows.
fn behind(line: &str, words: &str) -> String {
    let rest = line.find(words).map_or("", |at| &line[at..]);
    rest.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_line_is_told_with_its_number() {
        let log = "INFO listening\nthread 'main' panicked at src/pool/gc.rs:12:3:\n\
                   ERROR No pool configured for chaos\nDEBUG verifier SCRAM-SHA-256$4096:abc\n";
        let told: Vec<String> = complaints(log, &Secrets::default()).collect();
        assert_eq!(
            told,
            [
                "line 2: a panic: panicked at src/pool/gc.rs:12:3:",
                "line 3: a client was told \"No pool configured\": No pool configured for chaos",
                "line 4: a SCRAM verifier",
            ]
        );
    }
}
