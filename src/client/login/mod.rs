//! A client's login: who it is, whether it may, and which pool it comes to.

mod admission;
mod console;
mod entry;
mod proof;
mod welcome;

use std::sync::Arc;

use tokio::time::Instant;

pub use console::CONSOLE;

use super::around::{Around, Current};
use super::client::Client;
use super::farewell;
use super::hello::{Greeted, Greeter};
use super::roster::{Present, Seat};
use super::turn::unless_gone;
use super::vetting;
use crate::error::{Error, ErrorKind, Result};
use crate::logging::Escaped;
use crate::net::pg::PgStream;
use crate::pool::attachment::Attachment;
use crate::pool::pool::Pool;
use crate::session::params::ParamSet;
use crate::wire::startup::Hello;
use crate::world::{Endpoint, Socket};

/// Who came in.
pub enum Guest {
    /// A client in a pool, welcomed and ready to be served.
    Client(Box<Client>),
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
    let outcome = around.world.timeout(limit, greeter.greet(around)).await;
    let (pg, hello, endpoint) = match outcome.unwrap_or_else(|_| Err(Error::login_timeout())) {
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
        let vetted = vetting::vet(attachment.pool(), params);
        let (params, reported) = unless_gone(&mut self.pg, vetted).await?;
        Ok(Admitted::Pool {
            attachment,
            params,
            reported,
            seat,
        })
    }
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
