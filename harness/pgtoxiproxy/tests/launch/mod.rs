//! The program, started on a port of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_pgtoxiproxy");

/// Starts it with more flags, its log going to `log`, and reads where its API listens.
pub(crate) fn launch(flags: &[&str], log: Stdio) -> (Child, SocketAddr) {
    let mut child = Command::new(PROGRAM)
        .args(["-port=0", "-print-address"])
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("started");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("LISTENING ");
    let address = address.unwrap_or_else(|| panic!("{line}"));
    (child, address.parse().expect("an address"))
}
