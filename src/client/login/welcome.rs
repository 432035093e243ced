//! The end of a login: the client is put on the roster and told that it is in.

use std::sync::Arc;

use super::console::CONSOLE_PARAMETERS;
use super::{Admitted, ConsoleGuest, Guest, Visitor};
use crate::client::around::Around;
use crate::client::client::Client;
use crate::client::hello;
use crate::client::roster::{Introduction, Present};
use crate::logging::Escaped;
use crate::session::prepared::ClientStatements;
use crate::wire::{TxStatus, encode};

impl Visitor {
    /// Puts the client on the roster and tells it that it is in. `None`: it has left meanwhile.
    pub(super) async fn finish(self, around: &Arc<Around>, admitted: Admitted) -> Option<Guest> {
        let present = around
            .roster
            .enter(&around.world, self.introduction(&admitted));
        let log = self.current.settings.general.log.connections;
        let Self {
            mut pg, current, ..
        } = self;
        if pg.send(&first_words(&admitted, &present)).await.is_err() {
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
                    statements: ClientStatements::default(),
                    params: if params.is_empty() {
                        Arc::clone(&around.no_params)
                    } else {
                        Arc::new(params)
                    },
                    pool: attachment,
                    around: Arc::clone(around),
                    current,
                    skipping: false,
                    discard: 0,
                    held: (present, seat),
                };
                Guest::Client(Box::new(client))
            }
        })
    }

    fn introduction(&self, admitted: &Admitted) -> Introduction {
        let pool = match admitted {
            Admitted::Pool { attachment, .. } => Some(Arc::clone(attachment.pool())),
            Admitted::Console { .. } => None,
        };
        let key = pool.as_ref().map(|pool| &pool.key);
        let tls = self.pg.stream.tls();
        Introduction {
            user: shared(self.user(), key.map(|key| &key.user)),
            database: shared(self.database(), key.map(|key| &key.database)),
            peer: self.peer,
            local: self.pg.stream.local().ok(),
            remote_pid: self.pg.stream.socket().peer_pid(),
            tls: tls
                .map(|tls| format!("{}/{}", tls.version, tls.cipher).into())
                .unwrap_or_default(),
            application_name: self
                .hello
                .get("application_name")
                .unwrap_or_default()
                .into(),
            long_key: hello::spoken_minor(self.hello.minor) >= 2,
            pool,
        }
    }
}

/// From AuthenticationOk to the first ReadyForQuery.
fn first_words(admitted: &Admitted, present: &Present) -> Vec<u8> {
    let mut out = Vec::new();
    encode::authentication_ok(&mut out);
    match admitted {
        Admitted::Pool { reported, .. } => {
            for (name, value) in reported {
                encode::parameter_status(&mut out, name, value);
            }
        }
        Admitted::Console { .. } => {
            for (name, value) in CONSOLE_PARAMETERS {
                encode::parameter_status(&mut out, name, value);
            }
        }
    }
    encode::backend_key_data(&mut out, &present.info.key);
    encode::ready_for_query(&mut out, TxStatus::Idle);
    out
}

/// The pool's own text where it is the same: a thousand clients need not hold a thousand copies.
fn shared(text: &str, known: Option<&Arc<str>>) -> Arc<str> {
    match known {
        Some(known) if **known == *text => Arc::clone(known),
        _ => text.into(),
    }
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
