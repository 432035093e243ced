//! The program behind the faults: our `pgtoxiproxy`, or a real Toxiproxy that somebody started.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::Instant;

use super::client::Client;
use super::container::Container;
use crate::process::{Child, Launch};
use crate::{Error, Result, scratch};

const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// So that a scenario's random faults are the same in every run.
const SEED: &str = "1";

/// A fault proxy that answers. Dropping ours kills it.
#[derive(Debug)]
pub struct Server {
    pub client: Client,
    kind: Kind,
    log: Option<PathBuf>,
}

#[derive(Debug)]
enum Kind {
    Ours(Child),
    Theirs,
    Image(Container),
}

/// `TOXIPROXY=host:port`, or an image to start: a genuine one, which knows only bytes and time.
pub fn genuine() -> Option<String> {
    env::var("TOXIPROXY").ok().filter(|text| !text.is_empty())
}

impl Server {
    /// Connects to the one that `TOXIPROXY` names, or starts its image, or ours.
    pub async fn start() -> Result<Self> {
        let (address, kind, log) = match genuine() {
            Some(address) if is_address(&address) => (address, Kind::Theirs, None),
            Some(image) => {
                let (address, container) = Container::start(&image).await?;
                (address, Kind::Image(container), None)
            }
            None => {
                let log = scratch::folder("toxiproxy")?.join("pgtoxiproxy.log");
                let (address, child) = launch(&log).await?;
                (address, Kind::Ours(child), Some(log))
            }
        };
        let client = Client::new(&address)?;
        answers(&client, &kind).await?;
        Ok(Self { client, kind, log })
    }

    /// Where ours logs.
    pub fn log_path(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// Whether it knows PostgreSQL's protocol and counts what its toxics do.
    pub fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Ours(_))
    }

    /// Ends ours as TERM does, and removes a container.
    pub async fn stop(self) -> Result<()> {
        match self.kind {
            Kind::Theirs => {}
            Kind::Image(container) => container.remove().await?,
            Kind::Ours(child) => {
                child.signal(Signal::SIGTERM)?;
                child.wait_for(Duration::from_secs(5)).await;
            }
        }
        Ok(())
    }
}

/// Whether this is `host:port`; anything else is an image.
fn is_address(text: &str) -> bool {
    let port = text.rsplit_once(':').map(|(_, port)| port);
    !text.contains('/') && port.is_some_and(|port| port.parse::<u16>().is_ok())
}

/// A container has been started when its program may not listen yet.
async fn answers(client: &Client, kind: &Kind) -> Result<()> {
    let patience = match kind {
        Kind::Image(_) => LISTENS_WITHIN,
        Kind::Ours(_) | Kind::Theirs => Duration::ZERO,
    };
    let deadline = Instant::now() + patience;
    loop {
        match client.version().await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn launch(log: &Path) -> Result<(String, Child)> {
    let arguments = ["--port", "0", "--print-address", "--seed", SEED];
    let child = Launch::new(binary()?, log)
        .arguments(arguments)
        .start()
        .await?;
    let deadline = Instant::now() + LISTENS_WITHIN;
    loop {
        let text = fs::read_to_string(log).unwrap_or_default();
        if let Some(address) = listening(&text) {
            return Ok((address.to_owned(), child));
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
    use super::{is_address, listening};

    #[test]
    fn what_is_no_address_is_an_image() {
        assert!(is_address("127.0.0.1:8474") && is_address("[::1]:8474"));
        assert!(!is_address("ghcr.io/shopify/toxiproxy:2.12.0") && !is_address("toxiproxy"));
    }

    #[test]
    fn the_address_is_read_once_the_line_is_whole() {
        assert_eq!(listening("log\nLISTENING 127.0.0.1:80"), None);
        let log = "log\nLISTENING 127.0.0.1:8474\nmore";
        assert_eq!(listening(log), Some("127.0.0.1:8474"));
    }
}
