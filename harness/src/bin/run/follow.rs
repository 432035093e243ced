//! The pooler's log, copied to stderr as it grows.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Copies for as long as the runtime lives. The pooler writes into a file and not into a pipe, so
/// that it is never held up by a terminal that scrolls slowly.
pub(crate) fn to_stderr(path: PathBuf) {
    tokio::spawn(async move {
        let mut file = loop {
            match File::open(&path).await {
                Ok(file) => break file,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer).await {
                Ok(0) => tokio::time::sleep(Duration::from_millis(100)).await,
                // A closed stderr is no reason to stop serving.
                Ok(read) => drop(std::io::stderr().write_all(&buffer[..read])),
                Err(_) => return,
            }
        }
    });
}
