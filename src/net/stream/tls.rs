//! A TLS session over a socket, at the client's or at the server's end of it.

use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::{CommonState, ConnectionCommon, SideData};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{client, server};

use super::Peek;
use crate::world::Socket;

/// What the handshake agreed on.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// Such as `TLSv1.3`.
    pub version: &'static str,
    /// Such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
    /// Whether the peer's certificate was checked against a CA; only clients of a server say so.
    pub verified: bool,
    /// `tls-server-end-point` of the server's certificate; `None` = its signature has no hash.
    pub endpoint: Option<Arc<[u8]>>,
}

/// A finished TLS session.
pub struct TlsStream {
    side: Side,
    info: TlsInfo,
}

enum Side {
    Client(client::TlsStream<Socket>),
    Server(server::TlsStream<Socket>),
}

impl TlsStream {
    pub(crate) fn client(
        stream: client::TlsStream<Socket>,
        verified: bool,
        endpoint: Option<Arc<[u8]>>,
    ) -> Self {
        let info = TlsInfo::of(stream.get_ref().1, verified, endpoint);
        let side = Side::Client(stream);
        Self { side, info }
    }

    pub(crate) fn server(
        stream: server::TlsStream<Socket>,
        verified: bool,
        endpoint: Option<Arc<[u8]>>,
    ) -> Self {
        let info = TlsInfo::of(stream.get_ref().1, verified, endpoint);
        let side = Side::Server(stream);
        Self { side, info }
    }

    pub fn info(&self) -> &TlsInfo {
        &self.info
    }

    pub(super) fn socket(&self) -> &Socket {
        match &self.side {
            Side::Client(tls) => tls.get_ref().0,
            Side::Server(tls) => tls.get_ref().0,
        }
    }

    pub(super) fn socket_mut(&mut self) -> &mut Socket {
        match &mut self.side {
            Side::Client(tls) => tls.get_mut().0,
            Side::Server(tls) => tls.get_mut().0,
        }
    }

    pub(super) fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.side {
            Side::Client(tls) => {
                let (socket, session) = tls.get_mut();
                poll_plaintext(session, &mut Polled { socket, cx })
            }
            Side::Server(tls) => {
                let (socket, session) = tls.get_mut();
                poll_plaintext(session, &mut Polled { socket, cx })
            }
        }
    }

    pub(super) fn try_peek(&mut self) -> Peek {
        match &mut self.side {
            Side::Client(tls) => {
                let (socket, session) = tls.get_mut();
                peek(session, &mut Now(socket))
            }
            Side::Server(tls) => {
                let (socket, session) = tls.get_mut();
                peek(session, &mut Now(socket))
            }
        }
    }
}

impl TlsInfo {
    fn of(session: &CommonState, verified: bool, endpoint: Option<Arc<[u8]>>) -> Self {
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLS",
        };
        let suite = session.negotiated_cipher_suite();
        let cipher = suite.and_then(|s| s.suite().as_str()).unwrap_or("unknown");
        Self {
            version,
            cipher,
            verified,
            endpoint,
        }
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.fmt(f)
    }
}

/// Takes in records until plaintext is there. A broken session counts as ready: the read that
/// follows reports the error and sends the alert.
fn poll_plaintext<S: SideData>(
    session: &mut ConnectionCommon<S>,
    records: &mut impl Read,
) -> Poll<io::Result<()>> {
    loop {
        match session.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
            Ok(_) | Err(_) => return Poll::Ready(Ok(())),
        }
        match session.read_tls(records) {
            Ok(0) => return Poll::Ready(Ok(())),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(e) => return Poll::Ready(Err(e)),
        }
    }
}

/// As [`poll_plaintext`], with what the kernel has at this moment.
fn peek<S: SideData>(session: &mut ConnectionCommon<S>, records: &mut impl Read) -> Peek {
    loop {
        match session.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() > 0 => return Peek::Data,
            Ok(state) if state.peer_has_closed() => return Peek::Closed,
            Ok(_) => {}
            Err(_) => return Peek::Closed,
        }
        match session.read_tls(records) {
            Ok(0) => return Peek::Closed,
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Peek::Nothing,
            Err(_) => return Peek::Closed,
        }
    }
}

/// Reads through tokio: `WouldBlock` has left a waker behind.
struct Polled<'a, 'b> {
    socket: &'a mut Socket,
    cx: &'a mut Context<'b>,
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.socket).poll_read(self.cx, &mut buffer) {
            Poll::Ready(Ok(())) => Ok(buffer.filled().len()),
            Poll::Ready(Err(e)) => Err(e),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Reads what the kernel has now and leaves no waker.
struct Now<'a>(&'a Socket);

impl Read for Now<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(buffer)
    }
}

impl AsyncRead for TlsStream {
    /// A socket that ends without a close notice reads as an ordinary end: PostgreSQL's frames and
    /// its Terminate message show what was cut off, and many peers never send the notice.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match &mut self.side {
            Side::Client(tls) => Pin::new(tls).poll_read(cx, buffer),
            Side::Server(tls) => Pin::new(tls).poll_read(cx, buffer),
        };
        match read {
            Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.side {
            Side::Client(tls) => Pin::new(tls).poll_write(cx, bytes),
            Side::Server(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.side {
            Side::Client(tls) => Pin::new(tls).poll_flush(cx),
            Side::Server(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.side {
            Side::Client(tls) => Pin::new(tls).poll_shutdown(cx),
            Side::Server(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
