//! The first bytes of a connection: encryption, protocol version, and what the client wants.

use std::sync::Arc;

use super::around::Around;
use crate::error::{Error, Result};
use crate::net::pg::PgStream;
use crate::net::stream::Stream;
use crate::wire::startup::{Hello, MAX_STARTUP, Startup};
use crate::wire::{CancelKey, encode};
use crate::world::Socket;

/// The newest minor version of protocol 3 that is spoken with clients.
const NEWEST_MINOR: u16 = 2;

/// The first byte of a TLS handshake (RFC 8446, section 5.1: ContentType `handshake`).
const TLS_HANDSHAKE: u8 = 0x16;

/// What came of the first bytes.
pub enum Greeted {
    /// A client that wants to log in.
    Client {
        pg: PgStream,
        hello: Hello,
        /// See [`Greeter`].
        endpoint: Option<Vec<u8>>,
    },
    Cancel(CancelKey),
    /// It left without a word, as health checks do.
    Gone,
}

/// A connection that has not said hello yet. It stays in here while anybody waits for the client's
/// next byte in plain sight, so that a time-out can be told; during a TLS handshake it is away.
pub struct Greeter {
    pg: Option<PgStream>,
    /// The hash of our certificate that the client's channel may be bound to.
    endpoint: Option<Vec<u8>>,
}

impl Greeter {
    pub fn new(around: &Around, socket: Socket) -> Self {
        Self {
            pg: Some(PgStream::new(Stream::Plain(socket), around.buffers.clone())),
            endpoint: None,
        }
    }

    /// The connection that a failure can be told on, if there still is one.
    pub fn into_pg(self) -> Option<PgStream> {
        self.pg
    }

    /// Reads up to and including the startup packet; answers requests for encryption on the way.
    ///
    /// # Errors
    /// 08P01 for what makes no sense, 0A000 for another major version.
    ///
    /// # Cancel safety
    /// Dropped in a TLS handshake it closes the connection, else the connection stays usable for a
    /// last word.
    pub async fn greet(&mut self, around: &Around) -> Result<Greeted> {
        let mut asked = Asked::default();
        loop {
            if !asked.anything() && is_direct_tls(self.pg()?).await {
                self.accept_direct(around).await?;
                asked.ssl = true;
                continue;
            }
            let Some(body) = self.pg()?.read_startup(MAX_STARTUP).await? else {
                return Ok(Greeted::Gone);
            };
            match Startup::parse(&body)? {
                Startup::Ssl if !asked.ssl => {
                    asked.ssl = true;
                    self.answer_ssl(around).await?;
                }
                Startup::Gss if !asked.gss => {
                    asked.gss = true;
                    self.say(b"N").await?;
                }
                Startup::Ssl | Startup::Gss => {
                    return Err(Error::protocol("encryption was asked for twice"));
                }
                Startup::Cancel(key) => return Ok(Greeted::Cancel(key)),
                Startup::Hello(hello) => {
                    self.negotiate(&hello).await?;
                    let pg = self.pg.take().ok_or_else(Error::client_gone)?;
                    let endpoint = self.endpoint.take();
                    return Ok(Greeted::Client {
                        pg,
                        hello,
                        endpoint,
                    });
                }
            }
        }
    }

    fn pg(&mut self) -> Result<&mut PgStream> {
        self.pg.as_mut().ok_or_else(Error::client_gone)
    }

    async fn answer_ssl(&mut self, around: &Around) -> Result<()> {
        let pg = self.pg()?;
        let local = pg.stream.peer().is_ok_and(|peer| peer.is_unix());
        let acceptor = around
            .acceptor
            .current()
            .filter(|_| !local && pg.stream.tls().is_none());
        let Some(acceptor) = acceptor else {
            return self.say(b"N").await;
        };
        // Bytes behind the request were sent in plain text by whoever sat in between (CVE-2021-23214).
        if !pg.buffered().is_empty() {
            return Err(Error::protocol(
                "received unencrypted data after SSL request",
            ));
        }
        self.say(b"S").await?;
        let Some(Stream::Plain(socket)) = self.pg.take().map(|pg| pg.stream) else {
            return Err(Error::client_gone());
        };
        let stream = acceptor.accept(socket).await.map_err(gone)?;
        self.encrypted(around, stream, acceptor.endpoint());
        Ok(())
    }

    async fn accept_direct(&mut self, around: &Around) -> Result<()> {
        let Some(pg) = self.pg.take() else {
            return Err(Error::client_gone());
        };
        let first = pg.buffered().to_vec();
        let (Some(acceptor), Stream::Plain(socket)) = (around.acceptor.current(), pg.stream) else {
            return Err(gone(std::io::ErrorKind::Unsupported.into()));
        };
        let stream = acceptor.accept_direct(socket, &first).await.map_err(gone)?;
        self.encrypted(around, stream, acceptor.endpoint());
        Ok(())
    }

    fn encrypted(&mut self, around: &Around, stream: Stream, endpoint: Option<&Arc<[u8]>>) {
        self.pg = Some(PgStream::new(stream, around.buffers.clone()));
        self.endpoint = endpoint.map(|hash| hash.to_vec());
    }

    /// A newer minor version, or options that nobody here knows, are answered with what is spoken.
    async fn negotiate(&mut self, hello: &Hello) -> Result<()> {
        let names = hello.parameters.iter().map(|(name, _)| name.as_str());
        let unknown: Vec<_> = names.filter(|name| name.starts_with("_pq_.")).collect();
        let spoken = spoken_minor(hello.minor);
        if spoken == hello.minor && unknown.is_empty() {
            return Ok(());
        }
        let mut out = Vec::new();
        encode::negotiate_protocol_version(&mut out, spoken, &unknown);
        self.say(&out).await
    }

    async fn say(&mut self, bytes: &[u8]) -> Result<()> {
        self.pg()?.send(bytes).await.map_err(gone)
    }
}

#[derive(Default)]
struct Asked {
    ssl: bool,
    gss: bool,
}

impl Asked {
    fn anything(&self) -> bool {
        self.ssl || self.gss
    }
}

async fn is_direct_tls(pg: &mut PgStream) -> bool {
    if pg.buffered().is_empty() && pg.fill().await.unwrap_or(0) == 0 {
        return false;
    }
    pg.buffered().first() == Some(&TLS_HANDSHAKE)
}

/// The minor version that is spoken with a client which asked for this one; 3.1 never existed.
pub fn spoken_minor(asked: u16) -> u16 {
    if asked < NEWEST_MINOR {
        0
    } else {
        NEWEST_MINOR
    }
}

fn gone(error: std::io::Error) -> Error {
    Error::client_gone().with_source(error)
}
