//! One scenario's proxy before one PostgreSQL, and the faults it was given.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::client::{Client, Held, NewToxic};
use super::plain;
use super::server::Server;
use crate::certificate::Certificate;
use crate::client::Endpoint;
use crate::names::unique;
use crate::{Error, Result};

/// An open proxy.
#[derive(Debug)]
pub struct Proxy {
    client: Client,
    name: String,
    port: u16,
    counts: bool,
    /// Faults that were taken away again, and how often each had acted by then.
    past: Vec<(String, u64)>,
}

impl Proxy {
    /// Ends TLS in the middle, with PostgreSQL's own certificate: every message of a handshake is a
    /// point, and channel binding still fits.
    pub async fn open(
        server: &Server,
        upstream: &Endpoint,
        certificate: &Certificate,
    ) -> Result<Self> {
        if !server.is_ours() {
            return Err(Error::told(
                "TOXIPROXY names a genuine one, which does not know PostgreSQL's protocol: \
                 leave @protocol-faults out",
            ));
        }
        let name = unique("proxy");
        let asked = json!({
            "name": name,
            "listen": "127.0.0.1:0",
            "upstream": format!("{}:{}", upstream.host, upstream.port),
            "tls": {"certificate": certificate.chain, "private_key": certificate.key},
        });
        let listen = server.client.open(&asked).await?;
        Self::at(server, name, &listen)
    }

    /// Made through `toxiproxy_rust`: TLS passes through.
    pub async fn open_plain(server: &Server, upstream: &Endpoint) -> Result<Self> {
        let name = unique("proxy");
        let upstream = format!("{}:{}", upstream.host, upstream.port);
        let listen = plain::open(server.client.address(), &name, &upstream).await?;
        Self::at(server, name, &listen)
    }

    fn at(server: &Server, name: String, listen: &str) -> Result<Self> {
        let port = listen
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        let port = port.ok_or_else(|| Error::told(format!("no port in {listen}")))?;
        Ok(Self {
            client: server.client.clone(),
            name,
            port,
            counts: server.is_ours(),
            past: Vec::new(),
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the API knows it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Through `toxiproxy_rust`.
    pub async fn add_latency(&self, milliseconds: u32) -> Result<()> {
        plain::add_latency(self.client.address(), &self.name, milliseconds).await
    }

    /// Adds a toxic under a name that says what it is.
    pub async fn add(&self, kind: &str, attributes: Map<String, Value>) -> Result<()> {
        let place = attributes.get("at").and_then(Value::as_str);
        let whose = attributes.get("user").and_then(Value::as_str);
        let words = [Some(kind), place, whose];
        let name: Vec<&str> = words.into_iter().flatten().collect();
        let toxic = NewToxic {
            name: name.join("-"),
            kind: kind.to_owned(),
            attributes,
            ..NewToxic::default()
        };
        self.client.add(&self.name, &toxic).await.map(drop)
    }

    /// Takes the toxics of a kind away, or all of them; who is held there goes on.
    pub async fn lift(&mut self, kind: Option<&str>) -> Result<()> {
        for toxic in self.client.toxics(&self.name).await? {
            if kind.is_none_or(|kind| toxic.kind == kind) {
                self.client.remove(&self.name, &toxic.name).await?;
                self.past.push((toxic.name, toxic.hits.unwrap_or(0)));
            }
        }
        Ok(())
    }

    /// How often each fault that was ever set has acted. A genuine Toxiproxy does not count, so
    /// there is nothing to tell.
    pub async fn hits(&self) -> Result<Vec<(String, u64)>> {
        if !self.counts {
            return Ok(Vec::new());
        }
        let present = self.client.toxics(&self.name).await?;
        let present = present
            .into_iter()
            .map(|toxic| (toxic.name, toxic.hits.unwrap_or(0)));
        Ok(self.past.iter().cloned().chain(present).collect())
    }

    pub async fn holds(&self) -> Result<Vec<Held>> {
        self.client.holds(&self.name).await
    }

    /// Lets so many of those who are held go on; how many there were.
    pub async fn release(&self, count: usize) -> Result<usize> {
        let mut released = 0;
        for held in self.client.holds(&self.name).await?.into_iter().take(count) {
            released += self.client.release(&self.name, &held.name, 1).await?;
        }
        Ok(released)
    }

    pub async fn go_down(&self) -> Result<()> {
        self.client.enable(&self.name, false).await
    }

    pub async fn come_up(&self) -> Result<()> {
        self.client.enable(&self.name, true).await
    }

    /// How many connections it has carried, as far back as its events go.
    pub async fn connections(&self) -> Result<usize> {
        let events = self.client.events(&self.name).await?;
        let opened = |line: &str| {
            let event = serde_json::from_str::<Value>(line).ok()?;
            (event.get("event")? == "opened").then_some(())
        };
        Ok(events.lines().filter_map(opened).count())
    }

    /// Writes its events, and what its faults did, for whoever reads a red scenario.
    pub async fn keep(&self, folder: &Path) -> Result<()> {
        let hits = self.hits().await?;
        let lines = hits.iter().map(|(name, hits)| format!("{name} {hits}\n"));
        write(&folder.join("faults.txt"), &lines.collect::<String>())?;
        if self.counts {
            let events = self.client.events(&self.name).await?;
            write(&folder.join("proxy-events.jsonl"), &events)?;
        }
        Ok(())
    }

    /// Closes it and every connection through it.
    pub async fn close(self) -> Result<()> {
        self.client.close(&self.name).await
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io(path.display().to_string()))
}
