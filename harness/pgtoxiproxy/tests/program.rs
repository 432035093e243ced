//! The program: its flags, what it prints, how it ends.

mod launch;
mod support;

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use launch::{PROGRAM, launch};
use serde_json::json;
use support::{Answer, ask};
use tempfile::NamedTempFile;

/// A running program, killed when it is dropped.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        let (child, address) = launch(flags, Stdio::piped());
        Self { child, address }
    }

    async fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, "", None).await
    }

    /// Ends it by a signal; how it ended, and its log.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &process]).status();
        assert!(sent.expect("sent").success());
        let mut log = String::new();
        let stderr = self.child.stderr.as_mut().expect("piped");
        stderr.read_to_string(&mut log).expect("a log");
        (self.child.wait().expect("ended").code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(flags: &[&str]) -> (Output, String) {
    let output = Command::new(PROGRAM).args(flags).output().expect("it ran");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8_lossy(&text).into_owned())
}

/// A config file, removed when it is dropped.
fn file(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(path(&file), text).expect("written");
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("a plain path")
}

#[tokio::test]
async fn it_serves_until_a_signal_ends_it() {
    for signal in ["INT", "TERM"] {
        let running = Running::start(&["-seed", "-1"]);
        let address = running.address;
        assert_eq!(running.get("/version").await.status, 200);
        assert_eq!(running.get("/metrics").await.status, 404);
        let (code, log) = running.end(signal);
        assert_eq!(code, Some(0), "{log}");
        let line = format!("listening on {address}");
        assert!(
            log.contains(&line) && log.contains("seed 18446744073709551615"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn a_config_file_and_metrics_are_there_from_the_start() {
    let config = json!([{"name": "pg", "listen": "127.0.0.1:0", "upstream": "localhost:1"}]);
    let file = file(&config.to_string());
    let flags = ["--config", path(&file), "-proxy-metrics"];
    let running = Running::start(&flags);
    assert_eq!(running.get("/proxies").await.json()["pg"]["enabled"], true);
    let metrics = running.get("/metrics").await.body;
    assert!(metrics.contains("proxy=\"pg\""), "{metrics}");
    assert!(!metrics.contains("process_"), "{metrics}");
}

#[test]
fn a_config_file_that_cannot_be_used_is_named() {
    let broken = file("[{]");
    let nameless = file("[{\"upstream\": \"a:1\"}]");
    let unusable = json!([{"name": "pg", "listen": "local373", "upstream": "a:1"}]);
    let unusable = file(&unusable.to_string());
    for (path, reason) in [
        ("/nowhere/at/all.json", "No such file"),
        (path(&broken), "no JSON"),
        (path(&nameless), "missing required field: name at proxy 1"),
        (path(&unusable), "missing port in address"),
    ] {
        let (output, text) = run(&["-config", path, "-port", "0"]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(path) && text.contains(reason), "{text}");
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let running = Running::start(&[]);
    let port = running.address.port().to_string();
    let (output, text) = run(&["-host", "127.0.0.1", "-port", &port]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
}

#[test]
fn help_and_version_are_no_errors_and_nonsense_is() {
    let (output, text) = run(&["-version"]);
    assert!(output.status.success() && text.contains("2.12.0"), "{text}");
    let (output, text) = run(&["--help"]);
    assert!(
        output.status.success() && text.contains("pg_hold"),
        "{text}"
    );
    let (output, text) = run(&["-prot", "1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text.contains("--port"),
        "it names what may be meant: {text}"
    );
}
