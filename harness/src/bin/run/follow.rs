//! The pooler's log, copied to stderr as it grows.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A copy that goes on until it is finished. The pooler writes into a file and not into a pipe, so
/// that it is never held up by a terminal that scrolls slowly.
pub(crate) struct Follow {
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Follow {
    pub(crate) fn begin(path: PathBuf) -> Self {
        let (ending, ended) = watch::channel(false);
        Self {
            ending,
            task: tokio::spawn(copy(path, ended)),
        }
    }

    /// Copies what is there now, and ends.
    pub(crate) async fn finish(self) {
        self.ending.send_replace(true);
        // A copy that panicked has nothing more to say.
        let _ = self.task.await;
    }
}

async fn copy(path: PathBuf, mut ended: watch::Receiver<bool>) {
    let mut file = None;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        // Asked before reading: what was written before the end is still copied.
        let last = *ended.borrow();
        if file.is_none() {
            file = File::open(&path).await.ok();
        }
        let read = match file.as_mut() {
            Some(file) => file.read(&mut buffer).await.unwrap_or(0),
            None => 0,
        };
        // A closed stderr is no reason to stop serving.
        let _ = std::io::stderr().write_all(&buffer[..read]);
        if read == 0 && last {
            return;
        }
        if read == 0 {
            // Woken early by the end; a sender that is gone means the same.
            let _ = tokio::time::timeout(Duration::from_millis(100), ended.changed()).await;
        }
    }
}
