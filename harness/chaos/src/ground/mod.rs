//! Where a run takes place: PostgreSQL, the pooler, a fault proxy on either side of it, the users.
//!
//! ```text
//!   clients ─▶ proxy "clients" ─▶ pooler ─▶ proxy "servers" ─▶ PostgreSQL
//! ```
//!
//! Clients keep one address all the time, also when the pooler is another one meanwhile.

mod contents;
mod schema;
mod spec;
mod users;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use harness::client::{Endpoint, Login, Roots, Tls};
use harness::console::Console;
use harness::toxiproxy::{Proxy, Server};
use harness::{Error, Instance, InstanceSpec, Pooler, PoolerKind, PoolerSpec, Provider, Result};
use tokio::sync::{Mutex, MutexGuard};

use crate::plan::{Order, Side};

pub(crate) use schema::LOOKUP_PASSWORD;
pub use schema::{ACCOUNTS, OPENING_BALANCE};
pub use spec::{CACHE_TTL, CLIENT_LOGIN_TIMEOUT, Changes, POOL_SIZE, QUERY_WAIT_TIMEOUT};
pub use users::User;

/// The database, by the same name on both sides.
pub const DATABASE: &str = "chaos";
/// The role of the look-ups: faults find their connections by it.
pub const LOOKUP_ROLE: &str = "chaos_auth";

/// What does not depend on the seed.
#[derive(Debug, Clone)]
pub struct Site {
    pub provider: Provider,
    pub kind: PoolerKind,
    /// More keys for the pooler, and failpoints, when the judges are what is tested.
    pub changes: Changes,
    /// For the pooler's files and log.
    pub folder: PathBuf,
}

/// A place that is ready for clients. Everything takes `&self`: clients, faults and the watch share it.
#[derive(Debug)]
pub struct Ground {
    pub site: Site,
    pub instance: Instance,
    pub proxies: Server,
    pub users: Vec<Arc<User>>,
    /// The authority behind the certificate that every part shows.
    roots: Roots,
    clients_side: Proxy,
    servers_side: Proxy,
    spec: PoolerSpec,
    pooler: Mutex<Option<Pooler>>,
}

impl Ground {
    /// Starts everything.
    pub async fn prepare(site: Site, order: &Order) -> Result<Self> {
        let instance = Instance::start(site.provider, &instance_spec()).await?;
        let users = users::make(order.users);
        schema::create(&instance, &users).await?;
        let proxies = Server::start().await?;
        let certificate = instance.certificate();
        let roots = Roots::from_pem_file(instance.ca_pem_path());
        let roots = roots.map_err(|failure| Error::told(failure.message))?;
        let at = |host: &str, port| Endpoint {
            host: host.to_owned(),
            port,
        };
        let upstream = at(instance.host(), instance.port());
        let servers_side = Proxy::open(&proxies, &upstream, certificate).await?;
        let behind = at("127.0.0.1", servers_side.port());
        let spec = spec::of(&instance, &behind, &site.changes);
        let pooler = start(&site, &spec).await?;
        let front = at(&pooler.host, pooler.port);
        let clients_side = Proxy::open(&proxies, &front, certificate).await?;
        Ok(Self {
            site,
            instance,
            proxies,
            users,
            roots,
            clients_side,
            servers_side,
            spec,
            pooler: Mutex::new(Some(pooler)),
        })
    }

    /// The proxy of a side, as the API knows it.
    pub fn proxy(&self, side: Side) -> &str {
        match side {
            Side::Clients => self.clients_side.name(),
            Side::Servers => self.servers_side.name(),
        }
    }

    /// How a user logs in through everything, with its password of this moment.
    pub fn login(&self, user: &User, tls: bool) -> Login {
        Login {
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port: self.clients_side.port(),
            },
            tls: if tls {
                Tls::On(self.roots.clone())
            } else {
                Tls::Off
            },
            user: user.name.clone(),
            password: Some(user.password()),
            database: DATABASE.to_owned(),
            parameters: Vec::new(),
        }
    }

    /// A superuser's login, past everything.
    pub fn superuser(&self, database: &str) -> Login {
        Login {
            endpoint: Endpoint {
                host: self.instance.host().to_owned(),
                port: self.instance.port(),
            },
            tls: Tls::Off,
            user: self.instance.superuser().to_owned(),
            password: Some(self.instance.superuser_password().to_owned()),
            database: database.to_owned(),
            parameters: Vec::new(),
        }
    }

    /// The pooler of this moment; `None` while it is down. Whoever holds this keeps others from
    /// starting and ending it.
    pub async fn pooler(&self) -> MutexGuard<'_, Option<Pooler>> {
        self.pooler.lock().await
    }

    /// Its console, past the proxies; `None` while it is down, and for [`PoolerKind::None`].
    pub async fn console(&self) -> Option<Console> {
        let pooler = self.pooler.lock().await;
        let pooler = pooler.as_ref()?;
        let database = match pooler.kind {
            PoolerKind::Pgturnstile => "pgturnstile",
            PoolerKind::Pgbouncer => "pgbouncer",
            PoolerKind::None => return None,
        };
        let endpoint = Endpoint {
            host: pooler.host.clone(),
            port: pooler.port,
        };
        Some(Console::new(endpoint, database, "admin", "admin"))
    }

    /// Kills the pooler, and waits for its end.
    pub async fn kill_pooler(&self) -> Result<()> {
        if let Some(pooler) = self.pooler.lock().await.take() {
            pooler.kill9()?;
            pooler.wait_exit(Duration::from_secs(5)).await;
        }
        Ok(())
    }

    /// Ends the pooler as TERM does, and waits as long as it may take to drain. Its exit code;
    /// `None` where there is no process.
    pub async fn drain_pooler(&self, limit: Duration) -> Result<Option<i32>> {
        match self.pooler.lock().await.take() {
            Some(pooler) => pooler.stop(limit).await,
            None => Ok(None),
        }
    }

    /// Starts the pooler again where there is none, and leads the clients to the one that is there.
    ///
    /// # Cancel safety
    /// Dropped, it may have started a pooler that clients are not led to; calling it again does.
    pub async fn start_pooler(&self) -> Result<()> {
        let mut place = self.pooler.lock().await;
        let pooler = match place.take() {
            Some(pooler) => pooler,
            None => start(&self.site, &self.spec).await?,
        };
        let pooler = place.insert(pooler);
        let upstream = format!("{}:{}", pooler.host, pooler.port);
        let proxy = self.clients_side.name();
        self.proxies.client.redirect(proxy, &upstream).await
    }

    /// What the pooler is configured with, to write another from it.
    pub fn spec(&self) -> &PoolerSpec {
        &self.spec
    }

    /// Where the pooler keeps its files.
    pub fn pooler_folder(&self) -> PathBuf {
        pooler_folder(&self.site.folder)
    }

    /// Reads the whole database.
    pub async fn contents(&self) -> Result<crate::history::Contents> {
        contents::read(&self.instance).await
    }

    /// Ends everything and removes it; logs stay.
    pub async fn clear(self) -> Result<()> {
        self.drain_pooler(Duration::from_secs(5)).await?;
        self.proxies.stop().await?;
        self.instance.remove().await
    }
}

fn instance_spec() -> InstanceSpec {
    let settings = [
        ("max_connections", "200"),
        // Sessions that the network has forgotten are to be seen, not to be in the way.
        ("deadlock_timeout", "200ms"),
    ];
    InstanceSpec {
        tls: true,
        settings: settings
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
        ..InstanceSpec::default()
    }
}

fn pooler_folder(folder: &Path) -> PathBuf {
    folder.join("pooler")
}

async fn start(site: &Site, spec: &PoolerSpec) -> Result<Pooler> {
    Pooler::start(site.kind, spec, &pooler_folder(&site.folder)).await
}
