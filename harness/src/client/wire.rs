//! A client that speaks single messages: what it sends and what it gets is the scenario's choice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::canceller::{Canceller, Means};
use super::session::Answer;
use super::{Endpoint, Failure, Message, Roots, Trace, compose};

/// How long a wire client waits for a message before it says that none came.
pub const PATIENCE: Duration = Duration::from_secs(15);

trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    /// `None` over a unix socket.
    fn tcp(&self) -> Option<&TcpStream>;
}

impl Io for TcpStream {
    fn tcp(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

impl Io for UnixStream {
    fn tcp(&self) -> Option<&TcpStream> {
        None
    }
}

impl Io for TlsStream<TcpStream> {
    fn tcp(&self) -> Option<&TcpStream> {
        Some(self.get_ref().0)
    }
}

/// One connection, raw.
pub struct Wire {
    name: String,
    endpoint: Endpoint,
    io: Box<dyn Io>,
    inbox: BytesMut,
    trace: Trace,
    /// What the server reported, the newest value of each.
    pub parameters: BTreeMap<String, String>,
    /// What a cancel request would say.
    pub key: Option<(i32, Vec<u8>)>,
    /// How long it waits for a message: [`PATIENCE`], unless somebody wants it otherwise.
    pub patience: Duration,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wire client {}", self.name)
    }
}

impl Wire {
    /// Opens a connection and sends nothing.
    pub async fn dial(name: &str, endpoint: &Endpoint, trace: &Trace) -> Result<Self, Failure> {
        let io = timeout(PATIENCE, open(endpoint))
            .await
            .map_err(|_| Failure::late(format!("no connection to {endpoint}")))??;
        trace.note(name, &format!("dials {endpoint}"));
        Ok(Self {
            name: name.to_owned(),
            endpoint: endpoint.clone(),
            io,
            inbox: BytesMut::new(),
            trace: trace.clone(),
            parameters: BTreeMap::new(),
            key: None,
            patience: PATIENCE,
        })
    }

    /// Asks by `SSLRequest` and encrypts.
    pub async fn encrypt(self, roots: &Roots) -> Result<Self, Failure> {
        let mut plain = self;
        plain.send(&compose::request(compose::SSL_REQUEST)).await?;
        match plain.receive_byte().await? {
            Some(b'S') => plain.handshake(roots, None).await,
            answer => Err(Failure::local(format!(
                "SSLRequest was answered with {answer:?}"
            ))),
        }
    }

    /// Begins TLS at once, as `sslnegotiation=direct` does.
    pub async fn handshake(self, roots: &Roots, alpn: Option<&[u8]>) -> Result<Self, Failure> {
        let endpoint = self.endpoint.clone();
        let tcp = TcpStream::from_std(detach(self.tcp()?)?)?;
        let server = ServerName::try_from(endpoint.host.clone())
            .map_err(|error| Failure::local(error.to_string()))?;
        let connector = TlsConnector::from(Arc::new(roots.config(alpn)?));
        let tls = timeout(PATIENCE, connector.connect(server, tcp))
            .await
            .map_err(|_| Failure::late("the TLS handshake took too long"))??;
        self.trace.note(&self.name, "is encrypted");
        Ok(Self {
            io: Box::new(tls),
            ..self
        })
    }

    /// Sends bytes in one write.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.trace
            .note(&self.name, &format!("-> {}", show_bytes(bytes)));
        self.io.write_all(bytes).await?;
        self.io.flush().await?;
        Ok(())
    }

    /// Sends a simple query. Where the connection has ended before, the failure is what the server
    /// said last, if it said something.
    pub async fn query(&mut self, sql: &str) -> Result<(), Failure> {
        let Err(failure) = self.send(&compose::query(sql)).await else {
            return Ok(());
        };
        let told = self.end().await.err();
        Err(told
            .filter(|told| told.sqlstate.is_some())
            .unwrap_or(failure))
    }

    /// Sends bytes one by one, each in a packet of its own.
    pub async fn send_slowly(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        for byte in bytes {
            self.io.write_all(std::slice::from_ref(byte)).await?;
            self.io.flush().await?;
            tokio::task::yield_now().await;
        }
        self.trace.note(
            &self.name,
            &format!("-> byte by byte {}", show_bytes(bytes)),
        );
        Ok(())
    }

    /// The next single byte, as `SSLRequest` and `GSSENCRequest` are answered; `None` at the end.
    pub async fn receive_byte(&mut self) -> Result<Option<u8>, Failure> {
        if self.inbox.is_empty() && self.fill().await? == 0 {
            return Ok(None);
        }
        let byte = self.inbox.get_u8();
        self.trace.note(&self.name, &format!("<- byte {byte:#04x}"));
        Ok(Some(byte))
    }

    /// The next message; `None` when the server has closed.
    pub async fn receive(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if let Some(message) = self.take_message()? {
                self.trace
                    .note(&self.name, &format!("<- {}", shorten(&message.describe())));
                self.remember(&message);
                return Ok(Some(message));
            }
            if self.fill().await? == 0 {
                self.trace.note(&self.name, "<- end");
                return Ok(None);
            }
        }
    }

    /// All messages up to and with `ReadyForQuery`, or up to the end of the connection.
    pub async fn until_ready(&mut self) -> Result<Vec<Message>, Failure> {
        self.until(b'Z').await
    }

    /// All messages up to and with one of this tag, or up to the end of the connection.
    pub async fn until(&mut self, tag: u8) -> Result<Vec<Message>, Failure> {
        let mut messages: Vec<Message> = Vec::new();
        loop {
            match self.receive().await {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                // A reset behind the last words ends the connection as well, and they are what counts.
                Err(_) if messages.last().is_some_and(|message| message.tag == b'E') => break,
                Err(failure) => return Err(failure),
            }
            if messages.last().is_some_and(|message| message.tag == tag) {
                break;
            }
        }
        Ok(messages)
    }

    /// The answer to a simple query: rows and tags, or the failure told.
    pub async fn answer(&mut self) -> Result<Answer, Failure> {
        let messages = self.until_ready().await?;
        let ready = messages.last().is_some_and(|message| message.tag == b'Z');
        let mut answer = Answer::default();
        for message in messages {
            match message.tag {
                b'E' => return Err(message.failure()),
                b'D' => answer.rows.push(message.cells()),
                b'C' => answer.commands.push(message.command()),
                _ => {}
            }
        }
        if ready {
            Ok(answer)
        } else {
            Err(Failure::local("closed before ReadyForQuery"))
        }
    }

    /// Waits for the server to close; the failure it told before, if it told one.
    pub async fn end(&mut self) -> Result<(), Failure> {
        let mut told = None;
        loop {
            match self.receive().await {
                Ok(Some(message)) if message.tag == b'E' => told = Some(message.failure()),
                Ok(Some(_)) => {}
                Ok(None) => return told.map_or(Ok(()), Err),
                // A reset behind the last message ends the connection as well.
                Err(failure) => return Err(told.unwrap_or(failure)),
            }
        }
    }

    /// Sends a cancel request for this client's query, on a connection of its own.
    pub async fn cancel(&self) -> Result<(), Failure> {
        self.canceller()?.cancel().await
    }

    pub fn canceller(&self) -> Result<Canceller, Failure> {
        let Some((pid, secret)) = self.key.clone() else {
            return Err(Failure::local("there is no key to cancel with"));
        };
        Ok(Canceller(Means::Wire {
            endpoint: self.endpoint.clone(),
            trace: self.trace.clone(),
            pid,
            secret,
        }))
    }

    /// Sends a cancel request with any key, and waits until the server has closed its connection.
    pub async fn cancel_with(&self, pid: i32, secret: &[u8]) -> Result<(), Failure> {
        Self::cancel_at(&self.endpoint, &self.trace, pid, secret).await
    }

    pub(super) async fn cancel_at(
        endpoint: &Endpoint,
        trace: &Trace,
        pid: i32,
        secret: &[u8],
    ) -> Result<(), Failure> {
        let mut other = Self::dial("cancel", endpoint, trace).await?;
        other.send(&compose::cancel(pid, secret)).await?;
        other.end().await
    }

    /// Closes with a reset, as the kernel does for a killed process with unread bytes.
    pub fn reset(self) -> Result<(), Failure> {
        self.trace.note(&self.name, "resets");
        let linger = Some(Duration::ZERO);
        Ok(socket2::SockRef::from(self.tcp()?).set_linger(linger)?)
    }

    /// Says good-bye and closes.
    pub async fn leave(mut self) {
        // The server may be gone already: then the good-bye has nobody to hear it.
        let _ = self.send(&compose::message(b'X', b"")).await;
        let _ = self.io.shutdown().await;
    }

    fn tcp(&self) -> Result<&TcpStream, Failure> {
        let tcp = self.io.tcp();
        tcp.ok_or_else(|| Failure::local("there is no such thing over a unix socket"))
    }

    fn take_message(&mut self) -> Result<Option<Message>, Failure> {
        let Some(header) = self.inbox.first_chunk::<5>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        let tag = header[0];
        if length < 4 {
            return Err(Failure::local(format!(
                "a message {tag:#04x} of length {length} came"
            )));
        }
        if self.inbox.len() <= length {
            return Ok(None);
        }
        self.inbox.advance(5);
        let body = self.inbox.split_to(length - 4).to_vec();
        Ok(Some(Message { tag, body }))
    }

    fn remember(&mut self, message: &Message) {
        match message.tag {
            b'S' => self.parameters.extend(message.parameter()),
            b'K' => self.key = message.key(),
            _ => {}
        }
    }

    async fn fill(&mut self) -> Result<usize, Failure> {
        let patience = self.patience;
        timeout(patience, self.io.read_buf(&mut self.inbox))
            .await
            .map_err(|_| Failure::late(format!("nothing came within {patience:?}")))?
            .map_err(Failure::from)
    }
}

async fn open(endpoint: &Endpoint) -> std::io::Result<Box<dyn Io>> {
    if let Some(path) = endpoint.socket_file() {
        return Ok(Box::new(UnixStream::connect(path).await?));
    }
    let tcp = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
    // Single bytes shall travel as single packets.
    tcp.set_nodelay(true)?;
    Ok(Box::new(tcp))
}

/// The same socket under a descriptor of its own, so that TLS can take it over.
fn detach(tcp: &TcpStream) -> Result<std::net::TcpStream, Failure> {
    let socket = socket2::SockRef::from(tcp).try_clone()?;
    Ok(socket.into())
}

fn show_bytes(bytes: &[u8]) -> String {
    shorten(&bytes.escape_ascii().to_string())
}

/// A trace line stays readable: long texts are cut.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} … ({} characters)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}
