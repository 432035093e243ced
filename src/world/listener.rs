//! A place where clients come in: a TCP port or a unix socket file.

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket as RawSocket, Type};
use tokio::net::{TcpListener, UnixListener};

use super::{Endpoint, Socket};

/// A listening socket. Dropping it closes it.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        /// Dropped after the listener, so that nobody finds a file without a listener for long.
        file: SocketFile,
    },
}

impl Listener {
    pub(super) fn tcp(address: SocketAddr, backlog: u32, reuse_port: bool) -> io::Result<Self> {
        let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(reuse_port)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(clamp(backlog))?;
        TcpListener::from_std(socket.into()).map(|tcp| Self(Kind::Tcp(tcp)))
    }

    pub(super) fn unix(path: &Path, backlog: u32, mode: u32) -> io::Result<Self> {
        remove_stale(path)?;
        let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let file = SocketFile::of(path)?;
        // Before `listen` nobody can connect: the file is never open to more than `mode`.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        socket.listen(clamp(backlog))?;
        let listener = UnixListener::from_std(socket.into())?;
        Ok(Self(Kind::Unix { listener, file }))
    }

    /// The next connection.
    ///
    /// # Cancel safety
    /// A dropped call loses no connection: it stays in the kernel's queue.
    pub async fn accept(&self) -> io::Result<Socket> {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.accept().await.map(|(socket, _)| Socket::Tcp(socket)),
            Kind::Unix { listener, .. } => listener
                .accept()
                .await
                .map(|(socket, _)| Socket::Unix(socket)),
        }
    }

    /// The address in use: port 0 has become a real one.
    pub fn local(&self) -> io::Result<Endpoint> {
        match &self.0 {
            Kind::Tcp(tcp) => tcp.local_addr().map(Endpoint::Tcp),
            Kind::Unix { .. } => Ok(Endpoint::Unix),
        }
    }

    /// The socket file of a unix listener.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Tcp(_) => None,
            Kind::Unix { file, .. } => Some(&file.path),
        }
    }
}

/// `listen(2)` takes an `int`; the kernel lowers it to `somaxconn` by itself.
fn clamp(backlog: u32) -> i32 {
    i32::try_from(backlog).unwrap_or(i32::MAX)
}

/// Removes a socket file that nobody listens on; any other kind of file is left alone.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let refused = |e: &io::Error| e.kind() == io::ErrorKind::ConnectionRefused;
    let probe = std::os::unix::net::UnixStream::connect(path);
    match probe {
        Err(e) if refused(&e) && found.file_type().is_socket() => fs::remove_file(path),
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}

/// A socket file that is removed on drop, unless somebody has put another in its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        let identity = identity(path)?;
        let path = path.to_owned();
        Ok(Self { path, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            // Nothing is lost when it fails: the next start replaces a stale file.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    #[tokio::test]
    async fn port_zero_becomes_a_real_port() {
        let any = "127.0.0.1:0".parse().unwrap();
        let listener = World::new().listen_tcp(any, 8, false).unwrap();
        assert!(matches!(listener.local().unwrap(), Endpoint::Tcp(a) if a.port() > 0));
    }

    #[tokio::test]
    async fn a_socket_file_has_its_mode_and_goes_with_the_listener() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".s.PGSQL.1");
        let world = World::new();
        let listener = world.listen_unix(&path, 8, 0o600).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let taken = world.listen_unix(&path, 8, 0o600).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        let (_dialled, accepted) = tokio::join!(world.dial_unix(&path), listener.accept());
        assert!(accepted.unwrap().is_unix());
        drop(listener);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_file_is_replaced_and_a_plain_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        World::new().listen_unix(&path, 8, 0o600).unwrap();

        let plain = dir.path().join("plain");
        fs::write(&plain, "kept").unwrap();
        assert!(World::new().listen_unix(&plain, 8, 0o600).is_err());
        assert_eq!(fs::read_to_string(&plain).unwrap(), "kept");
    }

    #[tokio::test]
    async fn somebody_elses_file_outlives_the_listener() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = World::new().listen_unix(&path, 8, 0o600).unwrap();
        fs::remove_file(&path).unwrap();
        let _successor = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(listener);
        assert!(path.exists());
    }
}
