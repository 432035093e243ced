//! The one door to the outside: sockets, clocks, tasks and random numbers.
//!
//! `app` makes one [`World`] and hands it down. Nothing else names `TcpStream`, `SystemTime`,
//! `std::time::Instant`, a random generator or `tokio::spawn`, so that another world can be put in
//! its place (one thread, a paused clock, sockets in memory).

mod listener;
mod socket;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, Sleep};
use tokio_util::task::TaskTracker;

pub use listener::Listener;
pub use socket::{Endpoint, Socket};

/// A handle on the outside; clones share the count of tasks.
#[derive(Debug, Clone, Default)]
pub struct World {
    tasks: TaskTracker,
}

impl World {
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects over TCP. There is no time limit in here but the kernel's.
    ///
    /// # Cancel safety
    /// A dropped call closes the socket; the peer may have seen a connection come and go.
    pub async fn dial_tcp(&self, address: SocketAddr) -> io::Result<Socket> {
        TcpStream::connect(address).await.map(Socket::Tcp)
    }

    /// Connects to a unix socket file. Cancel safe as [`World::dial_tcp`] is.
    pub async fn dial_unix(&self, path: &Path) -> io::Result<Socket> {
        UnixStream::connect(path).await.map(Socket::Unix)
    }

    /// Every address of a host name, in the resolver's order, each once; never an empty list.
    ///
    /// # Cancel safety
    /// The system's resolver can't be interrupted: a dropped call leaves it running on a helper
    /// thread until it ends by itself.
    pub async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut addresses = Vec::new();
        for address in tokio::net::lookup_host((host, port)).await? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            let nothing = format!("the name \"{host}\" has no address");
            return Err(io::Error::new(io::ErrorKind::NotFound, nothing));
        }
        Ok(addresses)
    }

    /// Listens on a TCP address; port 0 is any free one (see [`Listener::local`]).
    pub fn listen_tcp(
        &self,
        address: SocketAddr,
        backlog: u32,
        reuse_port: bool,
    ) -> io::Result<Listener> {
        Listener::tcp(address, backlog, reuse_port)
    }

    /// Listens on a unix socket file with these permission bits. A file that a dead process left
    /// is replaced; one that somebody answers on is `AddrInUse`. The file goes with the listener.
    pub fn listen_unix(&self, path: &Path, backlog: u32, mode: u32) -> io::Result<Listener> {
        Listener::unix(path, backlog, mode)
    }

    /// The monotonic clock, which a test may pause.
    pub fn now(&self) -> Instant {
        Instant::now()
    }

    /// The wall clock, for people and logs; it may jump.
    pub fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    pub fn sleep(&self, duration: Duration) -> Sleep {
        tokio::time::sleep(duration)
    }

    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        tokio::time::sleep_until(deadline)
    }

    /// Runs a future for at most `limit`, then drops it.
    pub async fn timeout<F: Future>(&self, limit: Duration, work: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(limit, work).await
    }

    /// Starts a task that [`World::tasks`] counts until it has ended.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(work)
    }

    /// Whether [`World::spawn`] can be called here: no longer when the runtime is taken apart.
    pub fn has_runtime(&self) -> bool {
        tokio::runtime::Handle::try_current().is_ok()
    }

    /// Tasks that were started and have not ended.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Fills a buffer from the system's secure generator.
    ///
    /// # Panics
    /// When the system has none to give: a nonce or salt that can be guessed is worse than a task
    /// that fails.
    pub fn fill_random(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            panic!("the system gives no random bytes: {error}");
        }
    }

    pub fn random_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_random(&mut bytes);
        u64::from_ne_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_are_counted_until_they_end() {
        let world = World::new();
        let (let_go, held) = tokio::sync::oneshot::channel::<()>();
        let task = world.spawn(async move { held.await.is_ok() });
        assert_eq!(world.tasks(), 1);
        let_go.send(()).unwrap();
        assert!(task.await.unwrap());
        assert_eq!(world.tasks(), 0);
    }

    #[tokio::test]
    async fn a_name_is_resolved_to_each_address_once() {
        let addresses = World::new().resolve("127.0.0.1", 5).await.unwrap();
        assert_eq!(addresses, ["127.0.0.1:5".parse::<SocketAddr>().unwrap()]);
    }

    #[test]
    fn random_bytes_differ() {
        let world = World::new();
        assert_ne!(world.random_u64(), world.random_u64());
    }
}
