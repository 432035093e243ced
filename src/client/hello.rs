//! The first bytes of a connection: encryption, protocol version, and what the client wants.

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
        /// The hash of our certificate that its channel may be bound to.
        endpoint: Option<Vec<u8>>,
    },
    Cancel(CancelKey),
    /// It left without a word, as health checks do.
    Gone,
}

/// A failure, with the connection that it can be told on.
pub struct Failed {
    pub error: Error,
    pub pg: Option<PgStream>,
}

/// Reads up to and including the startup packet; answers requests for encryption on the way.
///
/// # Errors
/// 08P01 for what makes no sense, 0A000 for another major version.
///
/// # Cancel safety
/// A dropped call closes the connection.
pub async fn greet(around: &Around, socket: Socket) -> Result<Greeted, Failed> {
    let mut pg = PgStream::new(Stream::Plain(socket), around.buffers.clone());
    let mut endpoint = None;
    let mut asked = Asked::default();
    loop {
        if !asked.anything() && is_direct_tls(&mut pg).await {
            (pg, endpoint) = accept_direct(around, pg).await?;
            asked.ssl = true;
            continue;
        }
        let startup = match read_startup(&mut pg).await {
            Ok(Some(startup)) => startup,
            Ok(None) => return Ok(Greeted::Gone),
            Err(error) => {
                return Err(Failed {
                    error,
                    pg: Some(pg),
                });
            }
        };
        match startup {
            Startup::Ssl if !asked.ssl => {
                asked.ssl = true;
                (pg, endpoint) = answer_ssl(around, pg).await?;
            }
            Startup::Gss if !asked.gss => {
                asked.gss = true;
                pg = refuse_encryption(pg).await?;
            }
            Startup::Ssl | Startup::Gss => {
                let error = Error::protocol("encryption was asked for twice");
                return Err(Failed {
                    error,
                    pg: Some(pg),
                });
            }
            Startup::Cancel(key) => return Ok(Greeted::Cancel(key)),
            Startup::Hello(hello) => {
                let pg = negotiate(pg, &hello).await?;
                return Ok(Greeted::Client {
                    pg,
                    hello,
                    endpoint,
                });
            }
        }
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

async fn read_startup(pg: &mut PgStream) -> Result<Option<Startup>> {
    let Some(body) = pg.read_startup(MAX_STARTUP).await? else {
        return Ok(None);
    };
    Startup::parse(&body).map(Some)
}

type Encrypted = (PgStream, Option<Vec<u8>>);

async fn answer_ssl(around: &Around, pg: PgStream) -> Result<Encrypted, Failed> {
    let Some(acceptor) = around.acceptor.current() else {
        return refuse_encryption(pg).await.map(|pg| (pg, None));
    };
    let Stream::Plain(_) = &pg.stream else {
        return refuse_encryption(pg).await.map(|pg| (pg, None));
    };
    if pg.stream.peer().is_ok_and(|peer| peer.is_unix()) {
        return refuse_encryption(pg).await.map(|pg| (pg, None));
    }
    // Bytes behind the request were sent in plain text by whoever sat in between (CVE-2021-23214).
    if !pg.buffered().is_empty() {
        let error = Error::protocol("received unencrypted data after SSL request");
        return Err(Failed {
            error,
            pg: Some(pg),
        });
    }
    let mut pg = pg;
    if let Err(error) = pg.send(b"S").await {
        return Err(gone(error));
    }
    let endpoint = acceptor.endpoint().map(|hash| hash.to_vec());
    let Stream::Plain(socket) = pg.stream else {
        return Err(gone(std::io::ErrorKind::Unsupported.into()));
    };
    let stream = acceptor.accept(socket).await.map_err(gone)?;
    Ok((PgStream::new(stream, around.buffers.clone()), endpoint))
}

async fn accept_direct(around: &Around, pg: PgStream) -> Result<Encrypted, Failed> {
    let first = pg.buffered().to_vec();
    let (Some(acceptor), Stream::Plain(socket)) = (around.acceptor.current(), pg.stream) else {
        return Err(gone(std::io::ErrorKind::Unsupported.into()));
    };
    let endpoint = acceptor.endpoint().map(|hash| hash.to_vec());
    let stream = acceptor.accept_direct(socket, &first).await.map_err(gone)?;
    Ok((PgStream::new(stream, around.buffers.clone()), endpoint))
}

async fn refuse_encryption(mut pg: PgStream) -> Result<PgStream, Failed> {
    match pg.send(b"N").await {
        Ok(()) => Ok(pg),
        Err(error) => Err(gone(error)),
    }
}

/// A newer minor version, or options that nobody here knows, are answered with what is spoken.
async fn negotiate(mut pg: PgStream, hello: &Hello) -> Result<PgStream, Failed> {
    let names = hello.parameters.iter().map(|(name, _)| name.as_str());
    let unknown: Vec<_> = names.filter(|name| name.starts_with("_pq_.")).collect();
    if spoken_minor(hello.minor) == hello.minor && unknown.is_empty() {
        return Ok(pg);
    }
    let mut out = Vec::new();
    encode::negotiate_protocol_version(&mut out, spoken_minor(hello.minor), &unknown);
    match pg.send(&out).await {
        Ok(()) => Ok(pg),
        Err(error) => Err(gone(error)),
    }
}

/// The minor version that is spoken with a client which asked for this one; 3.1 never existed.
pub fn spoken_minor(asked: u16) -> u16 {
    if asked < NEWEST_MINOR {
        0
    } else {
        NEWEST_MINOR
    }
}

fn gone(error: std::io::Error) -> Failed {
    Failed {
        error: Error::client_gone().with_source(error),
        pg: None,
    }
}
