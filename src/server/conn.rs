//! An open server connection and all that is known of its state.
//!
//! It is poisoned by default: [`ServerConn::is_clean`] has to be *proven* for it to be lent again,
//! so a task that is cancelled in the middle of anything can only lead to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::cancelling::CancelTarget;
use super::info::ServerInfo;
use super::target::Opened;
use super::undertaker::Corpse;
use crate::net::pg::PgStream;
use crate::net::stream::Peek;
use crate::session::dirt::Dirt;
use crate::session::params::ParamSet;
use crate::session::prepared::{Effect, ServerStatements};
use crate::session::turn::Turn;
use crate::wire::backend::{self, tags};
use crate::wire::frame;

#[derive(Debug)]
pub struct ServerConn {
    pub pg: PgStream,
    pub info: Arc<ServerInfo>,
    pub turn: Turn<Effect>,
    pub statements: ServerStatements,
    /// Client parameters that were applied to it.
    pub applied: Arc<ParamSet>,
    /// What it last reported.
    pub reported: BTreeMap<String, String>,
    pub dirt: Dirt,
    /// A frame has been sent in part only, or its reply was read in part only.
    pub torn: bool,
    /// When it must not be lent any more; `None` = never.
    pub expires: Option<Instant>,
    pub opened: Instant,
    pub idle_since: Instant,
    /// Opened by the refill and never lent: exempt from the idle time-out.
    pub prewarmed: bool,
    /// How to cancel what it does; `None` = the server gave no key.
    pub cancel: Option<Arc<CancelTarget>>,
}

/// The largest asynchronous message that an idle server may send: PostgreSQL reports parameters and
/// notices, both short.
const MAX_IDLE_MESSAGE: usize = 64 * 1024;

impl ServerConn {
    pub fn new(opened: Opened, info: Arc<ServerInfo>, statements: usize, now: Instant) -> Self {
        let address = opened.cancel_address;
        Self {
            pg: opened.pg,
            info,
            turn: Turn::default(),
            statements: ServerStatements::new(statements),
            applied: Arc::default(),
            reported: opened.parameters,
            dirt: Dirt::default(),
            torn: false,
            expires: None,
            opened: now,
            idle_since: now,
            prewarmed: false,
            cancel: opened
                .key
                .map(|key| Arc::new(CancelTarget::new(key, address))),
        }
    }

    /// Every expected reply is consumed, no transaction is open, nothing is half sent or half read,
    /// and no client's state is left on it as far as `dirt` knows.
    pub fn is_clean(&self) -> bool {
        self.is_quiet() && !self.dirt.dirty
    }

    /// The same without a word on session state: a reset may be sent.
    pub fn is_quiet(&self) -> bool {
        self.turn.is_over() && !self.torn && self.pg.inbox.is_empty()
    }

    /// A report of a parameter's value.
    pub fn note_parameter(&mut self, name: &str, value: &str) {
        match self.reported.get_mut(name) {
            Some(known) => value.clone_into(known),
            None => {
                self.reported.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Takes in what an idle server may say by itself; judges only bytes that were read already.
    /// False: something is there that makes it unfit.
    pub fn absorb(&mut self) -> bool {
        loop {
            let header = match frame::header(self.pg.inbox.bytes()) {
                Ok(Some(header)) if header.body <= MAX_IDLE_MESSAGE => header,
                Ok(None) => return self.pg.inbox.is_empty(),
                _ => return false,
            };
            let length = frame::HEADER + header.body;
            if self.pg.inbox.len() < length {
                return false; // cut off here: waiting for the rest is not worth a client's time
            }
            let body = &self.pg.inbox.bytes()[frame::HEADER..length];
            match header.tag {
                tags::PARAMETER_STATUS => {
                    let Ok(status) = backend::ParameterStatus::parse(body) else {
                        return false;
                    };
                    let (name, value) = (status.name.into_owned(), status.value.into_owned());
                    self.note_parameter(&name, &value);
                }
                tags::NOTICE | tags::NOTIFICATION => {}
                _ => return false,
            }
            self.pg.inbox.consume(length);
            self.pg.inbox.release();
        }
    }

    /// Asks the socket, without waiting, whether the server still lives and is silent.
    pub fn is_alive(&mut self) -> bool {
        loop {
            match self.pg.stream.try_peek() {
                Peek::Nothing => return true,
                Peek::Closed => return false,
                Peek::Data => {}
            }
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            match self.pg.poll_fill(&mut cx) {
                std::task::Poll::Pending => {}
                std::task::Poll::Ready(Ok(n)) if n > 0 => {}
                std::task::Poll::Ready(_) => return false,
            }
            if !self.absorb() {
                return false;
            }
        }
    }

    /// Has the reactor seen anything on the socket since it was last read? Costs no system call, and
    /// may be late; [`Self::is_alive`] then tells what it is.
    pub fn has_news(&mut self) -> bool {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        self.pg.stream.poll_read_ready(&mut cx).is_ready()
    }

    pub fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| now >= at)
    }

    pub fn idle_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.idle_since)
    }

    /// What is left for the undertaker, with what is to be dropped after PostgreSQL has closed.
    pub fn into_corpse(self, held: Box<dyn Send>) -> Corpse {
        Corpse {
            owes_replies: self.turn.owes(),
            whole: !self.torn,
            key: self.cancel.map(|target| target.parts()),
            pg: self.pg,
            held,
        }
    }
}
