//! A byte stream to another process: TCP or a unix socket.

use std::fmt;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::config::settings::SocketOptions;

/// A connected socket. Dropping it closes it.
#[derive(Debug)]
pub enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    Tcp(SocketAddr),
    /// A unix socket: the peer has no address of its own.
    Unix,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

impl Endpoint {
    pub fn is_unix(&self) -> bool {
        matches!(self, Self::Unix)
    }

    /// The address without the port; `None` for a unix socket.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Unix => None,
        }
    }
}

impl Socket {
    /// Two sockets that talk to each other.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self::Unix(one), Self::Unix(other)))
    }

    pub fn is_unix(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    pub fn peer(&self) -> io::Result<Endpoint> {
        match self {
            Self::Tcp(tcp) => tcp.peer_addr().map(Endpoint::Tcp),
            Self::Unix(_) => Ok(Endpoint::Unix),
        }
    }

    pub fn local(&self) -> io::Result<Endpoint> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().map(Endpoint::Tcp),
            Self::Unix(_) => Ok(Endpoint::Unix),
        }
    }

    /// The process that connected a unix socket, as the kernel noted it (`SO_PEERCRED`, unix(7));
    /// `None` over TCP, and where the process can't be seen from this one's namespace.
    pub fn peer_pid(&self) -> Option<i32> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(unix) => unix.peer_cred().ok()?.pid().filter(|pid| *pid > 0),
        }
    }

    /// Waits, without a buffer, until a read would give bytes, an end or an error.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(tcp) => tcp.poll_read_ready(cx),
            Self::Unix(unix) => unix.poll_read_ready(cx),
        }
    }

    /// Asks the kernel now: `Ok(0)` = the peer has closed, `WouldBlock` = nothing is there.
    pub fn peek_now(&self) -> io::Result<usize> {
        self.sock_ref().peek(&mut [MaybeUninit::uninit()])
    }

    /// Reads what is there now, past tokio's readiness; `WouldBlock` = nothing is there.
    pub fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.sock_ref()).read(buffer)
    }

    /// Says that nothing more will be sent; reading goes on.
    pub fn shut_down_write(&self) -> io::Result<()> {
        self.sock_ref().shutdown(Shutdown::Write)
    }

    /// The options of the settings; those of TCP leave a unix socket alone.
    pub fn set_options(&self, options: &SocketOptions) -> io::Result<()> {
        let Self::Tcp(tcp) = self else {
            return Ok(());
        };
        tcp.set_nodelay(options.no_delay)?;
        let socket = SockRef::from(tcp);
        if let Some(bytes) = options.buffer_size {
            socket.set_recv_buffer_size(bytes)?;
            socket.set_send_buffer_size(bytes)?;
        }
        socket.set_tcp_keepalive(&keepalive(options))?;
        socket.set_tcp_user_timeout(options.user_timeout)
    }

    /// Makes the close that follows a reset: the peer's kernel forgets at once, unsent bytes are lost.
    pub fn reset_on_close(&self) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => SockRef::from(tcp).set_linger(Some(Duration::ZERO)),
            Self::Unix(_) => Ok(()),
        }
    }

    fn sock_ref(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(tcp) => SockRef::from(tcp),
            Self::Unix(unix) => SockRef::from(unix),
        }
    }
}

/// The kernel refuses zero in each of the three: zero leaves its own default.
fn keepalive(options: &SocketOptions) -> TcpKeepalive {
    let mut keepalive = TcpKeepalive::new();
    if !options.keepalive_idle.is_zero() {
        keepalive = keepalive.with_time(options.keepalive_idle);
    }
    if !options.keepalive_interval.is_zero() {
        keepalive = keepalive.with_interval(options.keepalive_interval);
    }
    if options.keepalive_count > 0 {
        keepalive = keepalive.with_retries(options.keepalive_count);
    }
    keepalive
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Unix(unix) => Pin::new(unix).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Unix(unix) => Pin::new(unix).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_peek_tells_silence_bytes_and_an_end_apart() {
        let (one, mut other) = Socket::pair().unwrap();
        assert_eq!(
            one.peek_now().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        other.write_all(b"x").await.unwrap();
        assert_eq!(one.peek_now().unwrap(), 1);
        assert_eq!(one.read_now(&mut [0; 8]).unwrap(), 1);
        drop(other);
        assert_eq!(one.peek_now().unwrap(), 0);
    }

    #[tokio::test]
    async fn a_unix_peer_is_known_by_its_process() {
        let (one, _other) = Socket::pair().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        assert_eq!(one.peer_pid(), Some(own));
    }

    #[tokio::test]
    async fn the_options_of_the_settings_reach_the_kernel() {
        let world = crate::world::World::new();
        let any = "127.0.0.1:0".parse().unwrap();
        let listener = world.listen_tcp(any, 8, false).unwrap();
        let Endpoint::Tcp(address) = listener.local().unwrap() else {
            panic!("a TCP listener has an address");
        };
        let socket = world.dial_tcp(address).await.unwrap();
        socket.set_options(&options()).unwrap();
        let asked = socket.sock_ref();
        assert!(asked.keepalive().unwrap());
        assert_eq!(asked.tcp_keepalive_time().unwrap(), Duration::from_secs(7));
        assert_eq!(
            asked.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(9))
        );
        let Socket::Tcp(tcp) = &socket else {
            panic!("it was dialled over TCP");
        };
        assert!(tcp.nodelay().unwrap());
    }

    fn options() -> SocketOptions {
        SocketOptions {
            buffer_size: Some(65536),
            keepalive_idle: Duration::from_secs(7),
            keepalive_interval: Duration::from_secs(3),
            keepalive_count: 2,
            user_timeout: Some(Duration::from_secs(9)),
            no_delay: true,
        }
    }
}
