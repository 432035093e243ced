//! The command line's promises: exit codes, and what goes where.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

use std::fs;
use std::process::{Command, Output};

const FILE: &str = "[general]\nadmin_username = \"a\"\nadmin_password = \"b\"\n[pools]\n";

/// Runs the binary in a folder of its own with this `pgturnstile.toml` in it.
fn run(file: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pgturnstile.toml"), file).unwrap();
    Command::new(env!("CARGO_BIN_EXE_pgturnstile"))
        .args(arguments)
        .env_clear()
        .current_dir(folder.path())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_good_file_passes_the_test() {
    for arguments in [&["-t"][..], &["--test-config", "pgturnstile.toml"]] {
        let output = run(FILE, arguments);
        assert_eq!(output.status.code(), Some(0));
        let lines = text(&output.stdout);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("syntax is ok"), "{lines:?}");
        assert!(lines[1].ends_with("test is successful"), "{lines:?}");
        assert_eq!(text(&output.stderr), [""; 0]);
    }
}

#[test]
fn a_bad_file_ends_with_78_and_a_line_for_each_problem() {
    let bad = FILE.replace("[pools]", "port = -1\nprot = 2\n[pools]");
    for arguments in [&["-t"][..], &[]] {
        let output = run(&bad, arguments);
        assert_eq!(output.status.code(), Some(78));
        assert_eq!(
            text(&output.stderr),
            [
                "Config parse error: pgturnstile.toml:4:1: general.port: must be from 0 to 65535",
                "Config parse error: pgturnstile.toml:5:1: general.prot: unknown key, did you \
                 mean \"port\"?",
            ]
        );
        assert_eq!(text(&output.stdout), [""; 0]);
    }
}

#[test]
fn a_missing_file_has_no_line() {
    let output = run(FILE, &["gone.toml"]);
    assert_eq!(output.status.code(), Some(78));
    let lines = text(&output.stderr);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("Config parse error: gone.toml: cannot read: "),
        "{lines:?}"
    );
}

#[test]
fn warnings_go_to_stderr() {
    let output = run(
        &FILE.replace("[pools]", "worker_threads = 2\n[pools]"),
        &["-t"],
    );
    assert_eq!(
        (output.status.code(), text(&output.stdout).len()),
        (Some(0), 2)
    );
    let begin = "Config warning: pgturnstile.toml:4:1: general.worker_threads: ";
    assert!(text(&output.stderr)[0].starts_with(begin));
}

#[test]
fn usage_help_and_version() {
    assert_eq!(run(FILE, &["--colour"]).status.code(), Some(2));
    assert_eq!(run(FILE, &["-l", "loud"]).status.code(), Some(2));
    for flag in ["-h", "--help"] {
        assert_eq!(run(FILE, &[flag]).status.code(), Some(0));
    }
    let version = text(&run(FILE, &["-V"]).stdout);
    assert_eq!(
        version,
        [format!("pgturnstile {}", env!("CARGO_PKG_VERSION"))]
    );
}
