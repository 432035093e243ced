//! What one pool is run with: a value that a reload swaps.

use std::sync::Arc;
use std::time::Duration;

use crate::config::settings::{
    Cleanup, Database, General, RequireAuth, ServerAddress, ServerLogin, ServerTimes, StaticUser,
};
use crate::config::settings::{Secret, SocketOptions};
use crate::net::buffer::BufferPool;
use crate::net::tls::connect::Connector;
use crate::server::target::{Credential, Target};

#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Which reload these are from: servers of an older one end at their release.
    pub epoch: u64,
    pub size: usize,
    pub min_size: usize,
    pub cleanup: Cleanup,
    pub times: ServerTimes,
    pub query_wait: Option<Duration>,
    pub cancel_wait: Duration,
    pub fair_slice: Duration,
    pub prepared_statements: bool,
    pub pool_statements: usize,
    pub server_statements: usize,
    pub max_concurrent_creates: usize,
    pub round_robin: bool,
    /// The role that PostgreSQL sees.
    pub user: String,
    /// A login that needs no client; `None` = by what clients bring.
    pub credential: Option<Credential>,
    /// Parameters that a look-up gave this user alone; part of the place's.
    pub own_parameters: Vec<(String, String)>,
    pub place: Place,
}

/// Where servers are opened, and how.
#[derive(Debug, Clone)]
pub struct Place {
    pub address: ServerAddress,
    pub database: String,
    pub application_name: String,
    pub tls: Arc<Connector>,
    pub require_auth: RequireAuth,
    pub startup_parameters: Vec<(String, String)>,
    pub sockets: SocketOptions,
    pub buffers: BufferPool,
}

/// What all pools of one database share in one configuration.
#[derive(Debug, Clone)]
pub struct Shared<'a> {
    pub epoch: u64,
    pub general: &'a General,
    pub database: &'a Database,
    pub tls: &'a Arc<Connector>,
    pub buffers: &'a BufferPool,
}

impl Shared<'_> {
    /// The pool of a user from the file.
    pub fn static_pool(&self, user: &StaticUser) -> PoolSettings {
        let (role, credential) = match &user.server_login {
            Some(login) => (login.username.clone(), Some(fixed(login))),
            None => (user.username.clone(), own_login(&user.password)),
        };
        let mut settings = self.pool(role, credential, user.pool_size, user.min_pool_size);
        if let Some(lifetime) = user.lifetime {
            settings.times.lifetime = lifetime;
        }
        settings
    }

    /// The pool of a looked-up user; `parameters` are its own GUCs from the look-up.
    pub fn dynamic_pool(&self, user: &str, parameters: &[(String, String)]) -> PoolSettings {
        let (size, min) = self.auth_query_sizes();
        let mut settings = self.pool(user.to_owned(), None, size, min);
        settings.place.startup_parameters.retain(|(name, _)| {
            !parameters
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(name))
        });
        settings
            .place
            .startup_parameters
            .extend_from_slice(parameters);
        settings.own_parameters = parameters.to_vec();
        settings
    }

    /// The one pool of dedicated mode: its clients are not all one user, so it is always reset.
    pub fn dedicated_pool(&self, login: &ServerLogin) -> PoolSettings {
        let (size, min) = self.auth_query_sizes();
        let mut settings = self.pool(login.username.clone(), Some(fixed(login)), size, min);
        settings.cleanup = self.database.cleanup.unwrap_or(Cleanup::Always);
        settings
    }

    fn auth_query_sizes(&self) -> (u32, u32) {
        let auth_query = self.database.auth_query.as_ref();
        auth_query.map_or((0, 0), |auth| (auth.pool_size, auth.min_pool_size))
    }

    fn pool(
        &self,
        user: String,
        credential: Option<Credential>,
        size: u32,
        min_size: u32,
    ) -> PoolSettings {
        let (general, server) = (self.general, &self.database.server);
        let parameters = server.startup_parameters.iter();
        PoolSettings {
            epoch: self.epoch,
            size: size as usize,
            min_size: min_size as usize,
            cleanup: self.database.cleanup.unwrap_or(Cleanup::Auto),
            times: server.times.clone(),
            query_wait: general.times.query_wait,
            cancel_wait: general.times.cancel_wait,
            fair_slice: general.times.fair_slice,
            prepared_statements: general.prepared_statements,
            pool_statements: general.limits.pool_statements,
            server_statements: general.limits.server_statements,
            max_concurrent_creates: server.max_concurrent_creates,
            round_robin: server.round_robin,
            user,
            credential,
            own_parameters: Vec::new(),
            place: Place {
                address: server.address.clone(),
                database: server.database.clone(),
                application_name: server.application_name.clone(),
                tls: Arc::clone(self.tls),
                require_auth: server.require_auth,
                startup_parameters: parameters.map(|(n, v)| (n.clone(), v.clone())).collect(),
                sockets: general.sockets.clone(),
                buffers: self.buffers.clone(),
            },
        }
    }
}

impl PoolSettings {
    /// Several users of the file log in as one role: they share a pool, and so their servers are
    /// reset between them unless the operator said otherwise.
    #[must_use]
    pub fn shared_with(mut self, other: &Self, database: &Database) -> Self {
        self.size = self.size.max(other.size);
        self.min_size = self.min_size.max(other.min_size);
        self.cleanup = database.cleanup.unwrap_or(Cleanup::Always);
        self
    }

    /// Would both open a server in the same way, so that servers of the one serve the other?
    pub fn opens_alike(&self, other: &Self) -> bool {
        let (a, b) = (&self.place, &other.place);
        a.address == b.address
            && a.database == b.database
            && a.application_name == b.application_name
            && Arc::ptr_eq(&a.tls, &b.tls)
            && a.require_auth == b.require_auth
            && a.startup_parameters == b.startup_parameters
            && a.sockets == b.sockets
            && self.user == other.user
            && same_login(self.credential.as_ref(), other.credential.as_ref())
    }

    pub fn target(&self, credential: Credential) -> Target {
        let place = &self.place;
        Target {
            address: place.address.clone(),
            database: place.database.clone(),
            user: self.user.clone(),
            credential,
            tls: Arc::clone(&place.tls),
            require_auth: place.require_auth,
            startup_parameters: place.startup_parameters.clone(),
            application_name: place.application_name.clone(),
            sockets: place.sockets.clone(),
            connect_timeout: self.times.connect,
            buffers: place.buffers.clone(),
        }
    }
}

fn fixed(login: &ServerLogin) -> Credential {
    password_login(&login.password)
}

/// What a static user's own secret is good for; a SCRAM verifier needs the client's keys.
fn own_login(secret: &Secret) -> Option<Credential> {
    use crate::auth::secret::StoredSecret;
    match StoredSecret::parse(secret.expose()) {
        StoredSecret::Scram(_) => None,
        _ => Some(password_login(secret)),
    }
}

fn password_login(secret: &Secret) -> Credential {
    use crate::auth::secret::StoredSecret;
    match StoredSecret::parse(secret.expose()) {
        StoredSecret::Empty => Credential::None,
        StoredSecret::Md5(hash) => Credential::Md5(hash),
        _ => Credential::Password(secret.clone()),
    }
}

fn same_login(a: Option<&Credential>, b: Option<&Credential>) -> bool {
    match (a, b) {
        (None, None) | (Some(Credential::None), Some(Credential::None)) => true,
        (Some(Credential::Password(a)), Some(Credential::Password(b)))
        | (Some(Credential::Md5(a)), Some(Credential::Md5(b))) => a == b,
        _ => false,
    }
}
