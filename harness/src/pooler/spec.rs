//! What a scenario wants of a pooler, in no pooler's own language.

use std::path::PathBuf;

/// A pooler's whole configuration.
#[derive(Debug, Clone, Default)]
pub struct PoolerSpec {
    pub databases: Vec<PooledDatabase>,
    /// Serve TLS to clients; certificate and key come from [`PoolerSpec::certificate`].
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Keys of the section `general`, values as text (`"200ms"`, `"5"`, `"true"`).
    pub settings: Vec<(String, String)>,
    /// Lines of HBA rules; none given leaves the pooler's own default.
    pub hba: Option<String>,
    /// A whole file instead of all the above.
    pub whole: Option<WholeFile>,
    /// More environment for the process.
    pub environment: Vec<(String, String)>,
    /// More arguments for the process, such as `--log-level debug`.
    pub arguments: Vec<String>,
    /// Faults of its own making, by name, and what each does (`1*panic`). With any, the binary is
    /// the one that has them.
    pub failpoints: Vec<(String, String)>,
}

/// A configuration file as a scenario spells it.
#[derive(Debug, Clone)]
pub struct WholeFile {
    pub text: String,
    /// `toml` or `yaml`.
    pub ending: String,
}

/// One database that clients may ask for.
#[derive(Debug, Clone, Default)]
pub struct PooledDatabase {
    pub name: String,
    /// An address, or the folder of a unix socket.
    pub host: String,
    pub port: u16,
    /// Its name at PostgreSQL, where that differs.
    pub server_database: Option<String>,
    pub server_tls: Option<ServerTls>,
    pub users: Vec<StaticUser>,
    pub auth_query: Option<AuthQuery>,
    /// Keys of this pool, as [`PoolerSpec::settings`].
    pub settings: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct ServerTls {
    /// libpq's words: `disable`, `prefer`, `require`, `verify-ca`, `verify-full`.
    pub mode: String,
    pub ca: Option<PathBuf>,
}

/// A user that the configuration itself knows.
#[derive(Debug, Clone)]
pub struct StaticUser {
    pub name: String,
    /// A password, an MD5 hash or a SCRAM verifier.
    pub password: String,
    pub pool_size: u32,
    /// More keys of the user, as [`PoolerSpec::settings`].
    pub settings: Vec<(String, String)>,
}

/// Where unknown users come from.
#[derive(Debug, Clone)]
pub struct AuthQuery {
    /// pg_shadow by user name when left out.
    pub query: Option<String>,
    pub user: String,
    pub password: String,
    pub pool_size: u32,
    /// More keys of the block, as [`PoolerSpec::settings`].
    pub settings: Vec<(String, String)>,
}

/// How the harness's own roles are stored, for adapters that must say so.
pub use crate::instance::Method as Hash;

impl AuthQuery {
    /// The query, with `$1` for the user.
    pub fn text(&self) -> &str {
        self.query
            .as_deref()
            .unwrap_or("SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1")
    }
}

impl PooledDatabase {
    /// The name that PostgreSQL knows.
    pub fn at_server(&self) -> &str {
        self.server_database.as_deref().unwrap_or(&self.name)
    }
}
