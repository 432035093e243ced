//! A client's login: who it is, whether it may, and which pool it comes to.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::around::{Around, Current, Realm};
use super::challenge::{self, Ask, Method, Outcome};
use super::farewell;
use super::hba::{self, Who};
use super::hello::{self, Greeted, Greeter};
use super::roster::{Introduction, Present, Seat};
use super::serve::Client;
use super::vetting;
use crate::auth::{Proof, StoredSecret};
use crate::auth_query::service::AuthQueryService;
use crate::auth_query::verifier::{KeyEpoch, UserSecret};
use crate::config::hba::{HbaMethod, HbaRule};
use crate::config::settings::ClientTlsMode;
use crate::error::{Error, ErrorKind, Result};
use crate::logging::Escaped;
use crate::net::pg::PgStream;
use crate::pool::attachment::Attachment;
use crate::pool::dynamic;
use crate::pool::key::{Origin, PoolKey};
use crate::pool::keys::Keys;
use crate::pool::pool::Pool;
use crate::server::target::Credential;
use crate::session::params::ParamSet;
use crate::wire::startup::Hello;
use crate::wire::{TxStatus, encode};
use crate::world::{Endpoint, Socket};

/// The names of the console's database.
pub const CONSOLE: [&str; 3] = ["pgbouncer", "pgdoorman", "pgturnstile"];

/// Who came in.
pub enum Guest {
    /// A client in a pool, welcomed and ready to be served.
    Client(Box<Client>, Present, Seat),
    /// Somebody at the console, welcomed too.
    Console(Box<ConsoleGuest>),
}

/// A client of the admin console.
pub struct ConsoleGuest {
    pub pg: PgStream,
    pub present: Present,
    /// May do more than SHOW.
    pub admin: bool,
}

/// Leads a new connection through its login; `None` when it was a cancel request, or nobody comes
/// in. Whoever is refused has been told why.
///
/// # Cancel safety
/// A dropped call closes the connection and leaves nothing behind.
pub async fn welcome(around: &Arc<Around>, socket: Socket) -> Option<Guest> {
    let limit = around.current().settings.general.times.client_login;
    let peer = socket.peer().ok();
    let deadline = around.world.now() + limit;
    let mut greeter = Greeter::new(around, socket);
    let greeted = around.world.timeout(limit, greeter.greet(around)).await;
    let (pg, hello, endpoint) = match greeted.unwrap_or_else(|_| Err(Error::login_timeout())) {
        Ok(Greeted::Client {
            pg,
            hello,
            endpoint,
        }) => (pg, hello, endpoint),
        Ok(Greeted::Cancel(key)) => {
            let limit = around.current().settings.general.times.cancel_wait;
            super::cancel::cancel(&around.world, &around.roster, &key, limit).await;
            return None;
        }
        Ok(Greeted::Gone) => return None,
        Err(error) => {
            refuse(around, greeter.into_pg(), &error, peer.as_ref(), None).await;
            return None;
        }
    };
    let mut visitor = Visitor {
        pg,
        peer,
        hello,
        endpoint,
        current: around.current(),
        deadline,
    };
    let remaining = deadline.saturating_duration_since(around.world.now());
    let admitted = around
        .world
        .timeout(remaining, visitor.log_in(around))
        .await;
    let error = match admitted {
        Ok(Ok(admitted)) => return visitor.finish(around, admitted).await,
        Ok(Err(error)) => error,
        Err(_) if around.pools.registry.is_paused(visitor.database()) => {
            Error::auth_query("client_login_timeout: the database is paused")
        }
        Err(_) => Error::login_timeout(),
    };
    let Visitor {
        pg, peer, hello, ..
    } = visitor;
    refuse(around, Some(pg), &error, peer.as_ref(), Some(&hello)).await;
    None
}

/// A connection that has said hello.
struct Visitor {
    pg: PgStream,
    peer: Option<Endpoint>,
    hello: Hello,
    endpoint: Option<Vec<u8>>,
    current: Arc<Current>,
    deadline: Instant,
}

/// What a successful login comes to.
enum Admitted {
    Pool {
        attachment: Attachment<Pool>,
        params: ParamSet,
        reported: Vec<(String, String)>,
        seat: Seat,
    },
    Console {
        admin: bool,
    },
}

impl Visitor {
    fn user(&self) -> &str {
        self.hello.get("user").unwrap_or_default()
    }

    /// PostgreSQL's rule: a missing database is the user's name.
    fn database(&self) -> &str {
        match self.hello.get("database") {
            Some(name) if !name.is_empty() => name,
            _ => self.user(),
        }
    }

    async fn log_in(&mut self, around: &Arc<Around>) -> Result<Admitted> {
        if self.user().is_empty() {
            let message = "no PostgreSQL user name specified in startup packet";
            return Err(Error::not_allowed(message));
        }
        if CONSOLE.contains(&self.database()) {
            return self.log_in_to_console(around).await;
        }
        let seat = around
            .roster
            .sit_down(self.current.settings.general.limits.max_connections)?;
        let current = Arc::clone(&self.current);
        let Some(realm) = current.databases.get(self.database()).cloned() else {
            return Err(Error::no_such_database(self.database()));
        };
        if realm.database.users.is_empty() && realm.database.auth_query.is_none() {
            return Err(Error::no_such_database(self.database()));
        }
        let params = current.rules.admit(&self.hello.parameters)?;
        let rule = self.rule()?;
        let attachment = if realm.database.users.contains_key(self.user()) {
            self.log_in_static(around, &realm, rule.as_ref()).await?
        } else {
            self.log_in_looked_up(around, &realm, rule.as_ref()).await?
        };
        let (params, reported) = vetting::vet(attachment.pool(), params).await?;
        Ok(Admitted::Pool {
            attachment,
            params,
            reported,
            seat,
        })
    }

    /// The HBA rule that admits this client; `None` = there are no rules, and the secret decides.
    fn rule(&self) -> Result<Option<HbaRule>> {
        let general = &self.current.settings.general;
        let tls = self.pg.stream.tls().is_some();
        let local = self.peer.as_ref().is_some_and(Endpoint::is_unix);
        if general.client_tls.mode == ClientTlsMode::Require && !tls && !local {
            return Err(Error::not_allowed(
                "TLS is required here, connect with sslmode=require",
            ));
        }
        let Some(rules) = &general.hba else {
            return Ok(None);
        };
        let who = Who {
            local,
            tls,
            address: self.peer.as_ref().and_then(Endpoint::ip),
            database: self.database(),
            user: self.user(),
        };
        let rule = hba::decide(rules, &who);
        rule.filter(|rule| rule.method != HbaMethod::Reject)
            .cloned()
            .map(Some)
            .ok_or_else(|| self.no_hba_entry(rule.is_some(), tls))
    }

    /// In PostgreSQL's words (`ClientAuthentication` in src/backend/libpq/auth.c).
    fn no_hba_entry(&self, rejected: bool, tls: bool) -> Error {
        let why = if rejected {
            "pg_hba.conf rejects connection"
        } else {
            "no pg_hba.conf entry"
        };
        let host = match self.peer.as_ref().and_then(Endpoint::ip) {
            Some(ip) => ip.to_string(),
            None => "[local]".to_owned(),
        };
        let encryption = if tls {
            "SSL encryption"
        } else {
            "no encryption"
        };
        let (user, database) = (self.user(), self.database());
        Error::not_allowed(format!(
            "{why} for host \"{host}\", user \"{user}\", database \"{database}\", {encryption}"
        ))
    }

    async fn log_in_static(
        &mut self,
        around: &Arc<Around>,
        realm: &Realm,
        rule: Option<&HbaRule>,
    ) -> Result<Attachment<Pool>> {
        let Some(user) = realm.database.users.get(self.user()) else {
            return Err(Error::wrong_password(self.user()));
        };
        let secret = StoredSecret::parse(user.password.expose());
        let proof = self
            .prove(around, rule, Some(&secret))
            .await?
            .into_proof(self.user())?;
        let role = user
            .server_login
            .as_ref()
            .map_or(&user.username, |login| &login.username);
        let key = PoolKey::new(&realm.database.name, role, Origin::Static);
        let epoch = KeyEpoch {
            fetch: self.current.epoch,
            hash: secret.fingerprint(),
        };
        let keys = Keys::new(epoch, &secret, proof);
        attach(around, &key, keys).await
    }

    async fn log_in_looked_up(
        &mut self,
        around: &Arc<Around>,
        realm: &Realm,
        rule: Option<&HbaRule>,
    ) -> Result<Attachment<Pool>> {
        let Some(service) = &realm.auth_query else {
            // No such user, but that is not for the client to know.
            let outcome = self.prove(around, rule, None).await?;
            return Err(outcome.into_proof(self.user()).err().unwrap_or_else(|| {
                Error::not_allowed(format!("no such user \"{}\"", self.user()))
            }));
        };
        let (secret, proof) = match self.prove_looked_up(around, service, rule).await {
            Ok(proven) => proven,
            Err(error) => {
                service.counters().login_failed();
                return Err(error);
            }
        };
        service.counters().login_succeeded();
        let auth_query = realm.database.auth_query.as_ref();
        if let Some(login) = auth_query.and_then(|a| a.dedicated.as_ref()) {
            let key = PoolKey::new(&realm.database.name, &login.username, Origin::Dedicated);
            let nothing = Keys::new(KeyEpoch::default(), &StoredSecret::Empty, Proof::trusted());
            return attach(around, &key, nothing).await;
        }
        let key = PoolKey::dynamic(&realm.database.name, self.user());
        let keys = Keys::new(secret.epoch, &secret.secret, proof);
        let settings = || {
            let current = around.current();
            let realm = current.databases.get(&*key.database)?;
            realm.auth_query.as_ref()?;
            let shared = current.shared(realm, &around.buffers);
            Some(shared.dynamic_pool(&key.user, &secret.startup_parameters))
        };
        dynamic::log_in(&around.pools, &key, &keys, settings).await
    }

    async fn prove_looked_up(
        &mut self,
        around: &Arc<Around>,
        service: &AuthQueryService,
        rule: Option<&HbaRule>,
    ) -> Result<(Arc<UserSecret>, Proof)> {
        let user = self.user().to_owned();
        let limit = self.time_to_look_up(around);
        let found = service.look_up(&user, limit).await?;
        let outcome = self
            .prove(around, rule, found.as_deref().map(|f| &f.secret))
            .await?;
        match (outcome, found) {
            (Outcome::Proven(proof), Some(found)) => Ok((found, proof)),
            (Outcome::WrongMd5(answer), Some(found)) => {
                // The hash may be of yesterday: the same answer is tried on today's.
                let limit = self.time_to_look_up(around);
                let newer = service.look_up_again(&user, found.fetch, limit).await?;
                let proven = newer.and_then(|newer| {
                    let proof = answer.fits(&user, &newer.secret)?;
                    Some((newer, proof))
                });
                proven.ok_or_else(|| Error::wrong_password(&user))
            }
            (Outcome::Refused, Some(_)) => {
                service.note_wrong_password(&user);
                Err(Error::wrong_password(&user))
            }
            (_, _) => Err(Error::wrong_password(&user)),
        }
    }

    /// A little less than what is left of the login, so that the client is told which of the two
    /// was too slow.
    fn time_to_look_up(&self, around: &Around) -> Duration {
        let left = self.deadline.saturating_duration_since(around.world.now());
        left.saturating_sub((left / 10).min(Duration::from_millis(250)))
    }

    async fn prove(
        &mut self,
        around: &Around,
        rule: Option<&HbaRule>,
        secret: Option<&StoredSecret>,
    ) -> Result<Outcome> {
        let method = match rule.map(|rule| rule.method) {
            None => Method::of_secret(secret),
            Some(HbaMethod::Trust) => Method::Trust,
            Some(HbaMethod::Md5) => Method::Md5,
            Some(HbaMethod::Password) => Method::Cleartext,
            Some(HbaMethod::ScramSha256 | HbaMethod::Reject) => Method::Scram,
        };
        if method == Method::Cleartext && self.pg.stream.tls().is_none() {
            let local = self.peer.as_ref().is_some_and(Endpoint::is_unix);
            if !local {
                let message = "password authentication is refused without TLS";
                return Err(Error::not_allowed(message));
            }
        }
        // Trust says nothing of who exists: an unknown user is still nobody.
        if method == Method::Trust && secret.is_none() {
            return Ok(Outcome::Refused);
        }
        let user = self.hello.get("user").unwrap_or_default().to_owned();
        let ask = Ask {
            user: &user,
            method,
            secret,
            stand_ins: &around.stand_ins,
            endpoint_hash: self.endpoint.as_deref(),
        };
        challenge::challenge(&mut self.pg, &around.world, ask).await
    }

    async fn log_in_to_console(&mut self, around: &Arc<Around>) -> Result<Admitted> {
        let rule = self.rule()?;
        let general = &self.current.settings.general;
        let console = general.console.clone();
        let user = self.user().to_owned();
        let main = user == console.username;
        let admin = main || console.admin_users.contains(&user);
        let known = admin || console.stats_users.contains(&user);
        let password = if main {
            Some(console.password)
        } else {
            self.static_password(&user)
        };
        let secret = password
            .filter(|password| known && !password.expose().is_empty())
            .map(|password| StoredSecret::parse(password.expose()));
        // A general trust rule opens databases, never the console.
        let rule = rule.filter(|rule| {
            rule.method != HbaMethod::Trust || CONSOLE.iter().any(|name| rule.names_database(name))
        });
        let outcome = self.prove(around, rule.as_ref(), secret.as_ref()).await?;
        outcome.into_proof(&user)?;
        Ok(Admitted::Console { admin })
    }

    fn static_password(&self, user: &str) -> Option<crate::config::settings::Secret> {
        let databases = self.current.databases.values();
        let mut found = databases.filter_map(|realm| realm.database.users.get(user));
        found.next().map(|user| user.password.clone())
    }

    /// Puts the client on the roster and tells it that it is in.
    async fn finish(self, around: &Arc<Around>, admitted: Admitted) -> Option<Guest> {
        let general = &self.current.settings.general;
        let tls = self.pg.stream.tls();
        let pool = match &admitted {
            Admitted::Pool { attachment, .. } => Some(Arc::clone(attachment.pool())),
            Admitted::Console { .. } => None,
        };
        let key = pool.as_ref().map(|pool| &pool.key);
        let own = self.hello.get("application_name").unwrap_or_default();
        let who = Introduction {
            user: shared(self.user(), key.map(|key| &key.user)),
            database: shared(self.database(), key.map(|key| &key.database)),
            peer: self.peer,
            local: self.pg.stream.local().ok(),
            tls: tls
                .map(|tls| format!("{}/{}", tls.version, tls.cipher).into())
                .unwrap_or_default(),
            application_name: own.into(),
            long_key: hello::spoken_minor(self.hello.minor) >= 2,
            pool,
        };
        let present = around.roster.enter(&around.world, who);
        let log = general.log.connections;
        let mut pg = self.pg;
        let mut out = Vec::new();
        encode::authentication_ok(&mut out);
        let reported: &[(String, String)] = match &admitted {
            Admitted::Pool { reported, .. } => reported,
            Admitted::Console { .. } => &[],
        };
        for (name, value) in reported {
            encode::parameter_status(&mut out, name, value);
        }
        if matches!(admitted, Admitted::Console { .. }) {
            for (name, value) in CONSOLE_PARAMETERS {
                encode::parameter_status(&mut out, name, value);
            }
        }
        encode::backend_key_data(&mut out, &present.info.key);
        encode::ready_for_query(&mut out, TxStatus::Idle);
        if pg.send(&out).await.is_err() {
            return None;
        }
        if log {
            note_login(&present);
        }
        Some(match admitted {
            Admitted::Console { admin } => {
                Guest::Console(Box::new(ConsoleGuest { pg, present, admin }))
            }
            Admitted::Pool {
                attachment,
                params,
                seat,
                ..
            } => {
                let client = Client {
                    pg,
                    info: Arc::clone(&present.info),
                    statements: Default::default(),
                    params: Arc::new(params),
                    pool: attachment,
                    around: Arc::clone(around),
                    current: self.current,
                    skipping: false,
                    discard: 0,
                };
                Guest::Client(Box::new(client), present, seat)
            }
        })
    }
}

/// The pool's own text where it is the same: a thousand clients need not hold a thousand copies.
fn shared(text: &str, known: Option<&Arc<str>>) -> Arc<str> {
    match known {
        Some(known) if **known == *text => Arc::clone(known),
        _ => text.into(),
    }
}

/// What the console reports of itself (drivers look at these before anything else).
const CONSOLE_PARAMETERS: [(&str, &str); 8] = [
    ("server_version", "1.25.2/bouncer"),
    ("client_encoding", "UTF8"),
    ("server_encoding", "UTF8"),
    ("DateStyle", "ISO"),
    ("TimeZone", "GMT"),
    ("standard_conforming_strings", "on"),
    ("is_superuser", "on"),
    ("integer_datetimes", "on"),
];

/// A pool that needs no first login: attach, and learn what its servers report.
async fn attach(around: &Around, key: &PoolKey, keys: Keys) -> Result<Attachment<Pool>> {
    let Some(attachment) = around.pools.registry.attach(key) else {
        return Err(Error::shutdown(
            "the database was removed from the configuration",
        ));
    };
    let pool = attachment.pool();
    if !matches!(keys.credential, Credential::None) {
        pool.keys.offer(keys);
    }
    let ask = || async {
        let reported = dynamic::get_server_parameters(pool, None).await;
        reported.map_err(|error| error.for_client(pool))
    };
    pool.parameters.get_or_ask(ask).await?;
    pool.login_committed();
    Ok(attachment)
}

async fn refuse(
    around: &Around,
    pg: Option<PgStream>,
    error: &Error,
    peer: Option<&Endpoint>,
    hello: Option<&Hello>,
) {
    note(error, peer, hello);
    if let Some(mut pg) = pg
        && error.kind != ErrorKind::ClientGone
    {
        farewell::fatal(&mut pg, &around.world, error).await;
    }
}

fn note(error: &Error, peer: Option<&Endpoint>, hello: Option<&Hello>) {
    let name = |name| hello.and_then(|hello| hello.get(name)).unwrap_or_default();
    let (user, database) = (name("user"), name("database"));
    let peer = peer.map(ToString::to_string).unwrap_or_default();
    if error.kind == ErrorKind::ClientGone {
        tracing::debug!(%peer, %error, "a client left during its login");
        return;
    }
    let (user, database) = (Escaped(user), Escaped(database));
    tracing::warn!(%peer, %user, %database, sqlstate = %error.sqlstate, %error, "login refused");
}

fn note_login(present: &Present) {
    let info = &present.info;
    let peer = info
        .peer
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (user, database) = (Escaped(&info.user), Escaped(&info.database));
    tracing::info!(client = info.id, %peer, %user, %database, tls = info.tls, "login");
}
