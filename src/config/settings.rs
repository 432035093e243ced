//! What the operator asked for, as plain values that every module may import.
//!
//! Nothing here reads a file or knows a key's spelling: `config::resolve` makes these values from a
//! file and has checked them all. Durations of zero that mean "never" are `None` here.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::hba::HbaRule;

/// A whole configuration file, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub general: General,
    /// The `pools.<name>` sections, by the name that clients ask for.
    pub databases: BTreeMap<String, Arc<Database>>,
}

/// A secret text that never shows itself: `Debug` prints `***`, the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself; callers hand it to a hash, a comparison or a socket and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The `general` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct General {
    pub listen: Listen,
    pub sockets: SocketOptions,
    pub limits: Limits,
    pub times: Times,
    pub log: ClientLog,
    pub console: Console,
    pub client_tls: ClientTls,
    /// The rules of `pg_hba`; `None` = not given: any address, the method that fits the secret.
    pub hba: Option<Vec<HbaRule>>,
    /// Track and rename prepared statements in transaction mode.
    pub prepared_statements: bool,
    /// Startup parameters of clients that are dropped without a word (lower case).
    pub ignore_startup_parameters: Vec<String>,
    /// Parameters that follow the client beside PostgreSQL's reported ones (lower case).
    pub track_extra_parameters: Vec<String>,
    /// A simple query with exactly this text is answered by the pooler itself.
    pub pooler_check_query: String,
}

/// Where clients come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    pub host: String,
    /// 0 = any free port.
    pub port: u16,
    /// Already resolved: never 0.
    pub backlog: u32,
    pub reuse_port: bool,
    pub unix_socket_dir: Option<PathBuf>,
    /// Permission bits of the socket file, at most 0o777.
    pub unix_socket_mode: u32,
}

/// Socket options, for clients and servers alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOptions {
    /// `SO_RCVBUF` and `SO_SNDBUF` in bytes; `None` = the kernel decides.
    pub buffer_size: Option<usize>,
    pub keepalive_idle: Duration,
    pub keepalive_interval: Duration,
    pub keepalive_count: u32,
    /// `TCP_USER_TIMEOUT`; `None` = off.
    pub user_timeout: Option<Duration>,
    pub no_delay: bool,
}

/// Bounds on what clients may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Clients at once; one more gets 53300.
    pub max_connections: usize,
    /// Bytes buffered for clients in the whole process; above it 53200.
    pub max_memory_usage: usize,
    /// Prepared statements remembered per pool.
    pub pool_statements: usize,
    /// Prepared statements kept on one server.
    pub server_statements: usize,
    /// Prepared statements that one client may hold.
    pub client_statements: usize,
}

/// The general times. Those that a pool can override are in [`ServerTimes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// The whole login of a client, look-up and first server included.
    pub client_login: Duration,
    /// How long a query waits at the gate; `None` = for ever.
    pub query_wait: Option<Duration>,
    /// How long a cancel request may take.
    pub cancel_wait: Duration,
    /// How long a drain may take.
    pub shutdown: Duration,
    /// How long the undertaker waits for PostgreSQL to close.
    pub discard: Duration,
    /// How long a pipelining client may keep a server while others wait.
    pub fair_slice: Duration,
    /// The period of the sweep.
    pub sweep: Duration,
    /// Servers ended per sweep over all pools; `None` = no bound.
    pub retain_max: Option<usize>,
}

/// What is logged of each client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLog {
    pub connections: bool,
    pub disconnections: bool,
}

/// Who may use the admin console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Console {
    pub username: String,
    pub password: Secret,
    /// Static users with every right.
    pub admin_users: Vec<String>,
    /// Static users who may only SHOW.
    pub stats_users: Vec<String>,
}

/// TLS towards clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTls {
    pub mode: ClientTlsMode,
    /// Certificate and key; `None` = TLS is answered with `N`.
    pub pair: Option<CertificatePair>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientTlsMode {
    Disable,
    Allow,
    Require,
}

/// PEM files of a certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePair {
    pub certificate: PathBuf,
    pub private_key: PathBuf,
}

/// One `pools.<name>` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    pub name: String,
    pub server: Server,
    pub mode: PoolMode,
    /// `None` = by kind of pool: `auto`, and `always` where the clients are not all one user.
    pub cleanup: Option<Cleanup>,
    pub users: BTreeMap<String, StaticUser>,
    pub auth_query: Option<AuthQuery>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    Transaction,
    Session,
    Statement,
}

/// When a released server is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    Auto,
    Always,
    Never,
}

/// How PostgreSQL is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub address: ServerAddress,
    /// The database's name at PostgreSQL.
    pub database: String,
    pub application_name: String,
    pub tls: ServerTls,
    pub require_auth: RequireAuth,
    /// GUCs for every server's startup packet, names in lower case.
    pub startup_parameters: BTreeMap<String, String>,
    pub times: ServerTimes,
    /// Servers of one pool that may be opened at once.
    pub max_concurrent_creates: usize,
    /// FIFO instead of LIFO for idle servers.
    pub round_robin: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// A host name or address, and a port.
    Tcp { host: String, port: u16 },
    /// The socket file itself, `<dir>/.s.PGSQL.<port>`.
    Unix(PathBuf),
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.parse::<std::net::Ipv6Addr>().is_ok() => {
                write!(f, "[{host}]:{port}")
            }
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// TLS towards PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    pub mode: ServerTlsMode,
    pub ca: Option<PathBuf>,
    pub client_pair: Option<CertificatePair>,
}

/// libpq's sslmode words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerTlsMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Which authentication requests of a server are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequireAuth {
    /// `AuthenticationOk` without any exchange.
    pub none: bool,
    pub password: CleartextRule,
    pub md5: bool,
    pub scram_sha_256: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleartextRule {
    Never,
    /// Only over verified TLS or a unix socket.
    Protected,
}

/// Times of a pool's servers; each pool may override the general ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTimes {
    pub connect: Duration,
    /// `None` = never ended for idleness.
    pub idle: Option<Duration>,
    /// `None` = lives for ever; ±20 % jitter is applied per server.
    pub lifetime: Option<Duration>,
    /// Idle for longer: the socket is asked before lending; `None` = only the sweep looks.
    pub idle_check: Option<Duration>,
}

/// A user whose secret is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticUser {
    pub username: String,
    /// Plain text, `md5`+32 hex, or a SCRAM verifier; empty = login only by a trust rule.
    pub password: Secret,
    pub pool_size: u32,
    pub min_pool_size: u32,
    pub mode: PoolMode,
    /// This user's override of [`ServerTimes::lifetime`]; outer `None` = the pool's.
    pub lifetime: Option<Option<Duration>>,
    /// Log in to PostgreSQL as somebody else.
    pub server_login: Option<ServerLogin>,
}

/// A fixed login at PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLogin {
    pub username: String,
    /// Plain text or `md5`+32 hex; empty = PostgreSQL asks for none.
    pub password: Secret,
}

/// The `auth_query` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthQuery {
    pub query: String,
    pub user: String,
    pub password: Secret,
    /// Where the query runs, as PostgreSQL calls it.
    pub database: String,
    /// Connections of the executor.
    pub workers: u32,
    /// Dedicated mode: one pool for all, opened as this user.
    pub dedicated: Option<ServerLogin>,
    /// Of each dynamic pool, or of the dedicated one.
    pub pool_size: u32,
    pub min_pool_size: u32,
    pub cache_ttl: Duration,
    pub cache_failure_ttl: Duration,
    pub min_interval: Duration,
}

/// An address with its mask, as HBA rules name clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressMask {
    pub address: IpAddr,
    pub mask: IpAddr,
}
