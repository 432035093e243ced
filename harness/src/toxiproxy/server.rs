//! The program behind the faults: our `pgtoxiproxy`, or a real Toxiproxy that somebody started.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::Instant;

use super::client::Client;
use crate::process::{Child, Launch};
use crate::{Error, Result, scratch};

const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// So that a scenario's random faults are the same in every run.
const SEED: &str = "1";

/// A fault proxy that answers. Dropping ours kills it.
#[derive(Debug)]
pub struct Server {
    pub client: Client,
    child: Option<Child>,
}

/// `TOXIPROXY=host:port`: somebody's own, which knows only bytes and time.
pub fn genuine() -> Option<String> {
    env::var("TOXIPROXY").ok().filter(|text| !text.is_empty())
}

impl Server {
    /// Connects to the one that `TOXIPROXY` names, or starts ours.
    pub async fn start() -> Result<Self> {
        let (address, child) = match genuine() {
            Some(address) => (address, None),
            None => launch(&scratch::folder("toxiproxy")?).await?,
        };
        let client = Client::new(&address)?;
        client.version().await?;
        Ok(Self { client, child })
    }

    /// Whether it knows PostgreSQL's protocol and counts what its toxics do.
    pub fn is_ours(&self) -> bool {
        self.child.is_some()
    }

    /// Ends ours as TERM does.
    pub async fn stop(self) -> Result<()> {
        let Some(child) = self.child else {
            return Ok(());
        };
        child.signal(Signal::SIGTERM)?;
        child.wait_for(Duration::from_secs(5)).await;
        Ok(())
    }
}

async fn launch(folder: &Path) -> Result<(String, Option<Child>)> {
    let log = folder.join("pgtoxiproxy.log");
    let arguments = ["--port", "0", "--print-address", "--seed", SEED];
    let child = Launch::new(binary()?, &log)
        .arguments(arguments)
        .start()
        .await?;
    let deadline = Instant::now() + LISTENS_WITHIN;
    loop {
        let text = fs::read_to_string(&log).unwrap_or_default();
        if let Some(address) = listening(&text) {
            return Ok((address.to_owned(), Some(child)));
        }
        if child.exited().is_some() || Instant::now() > deadline {
            return Err(Error::told(format!("pgtoxiproxy does not listen:\n{text}")));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The address in the line `LISTENING host:port`, once the line is whole.
fn listening(log: &str) -> Option<&str> {
    let whole = &log[..log.rfind('\n')?];
    let mut lines = whole.lines();
    lines.find_map(|line| line.strip_prefix("LISTENING "))
}

/// The one in the folder of this very build.
fn binary() -> Result<PathBuf> {
    let here = env::current_exe().map_err(Error::io("this program's own path"))?;
    // A test binary lies one folder deeper, in `deps`.
    here.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("pgtoxiproxy"))
        .find(|file| file.is_file())
        .ok_or_else(|| Error::told("pgtoxiproxy is not built: cargo build -p pgtoxiproxy"))
}

#[cfg(test)]
mod tests {
    use super::listening;

    #[test]
    fn the_address_is_read_once_the_line_is_whole() {
        assert_eq!(listening("log\nLISTENING 127.0.0.1:80"), None);
        let log = "log\nLISTENING 127.0.0.1:8474\nmore";
        assert_eq!(listening(log), Some("127.0.0.1:8474"));
    }
}
