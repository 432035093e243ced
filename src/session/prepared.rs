//! Prepared statements in transaction mode: a client's names, a server's names, and the texts.
//!
//! A client's Parse is remembered by its text. Every server that serves it prepares the text under a
//! name of the pooler's own, one name a text in the whole pool, so that clients share what they
//! prepare alike. What a server has is believed only when its ParseComplete has come.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Named statements that one client may hold. PostgreSQL has no bound but memory.
pub const MAX_CLIENT_STATEMENTS: usize = 65_536;

/// A name that no statement bears: closing it is PostgreSQL's cheapest message with a reply.
pub const NO_STATEMENT: &str = "pgturnstile_none";

/// A text that somebody prepared: all of a Parse message behind the statement's name.
#[derive(Debug)]
pub struct Statement {
    id: u64,
    name: Box<str>,
    /// Query text with its NUL, number of parameter types, the types.
    text: Box<[u8]>,
}

impl Statement {
    /// Unique in its pool.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its name on every server.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

/// The texts of one pool. The oldest is forgotten when it is full; clients that hold it keep it.
#[derive(Debug)]
pub struct StatementCache {
    by_text: HashSet<ByText>,
    oldest_first: VecDeque<Arc<Statement>>,
    next_id: u64,
    limit: usize,
}

#[derive(Debug)]
struct ByText(Arc<Statement>);

impl Borrow<[u8]> for ByText {
    fn borrow(&self) -> &[u8] {
        &self.0.text
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for ByText {}

impl StatementCache {
    pub fn new(limit: usize) -> Self {
        Self {
            by_text: HashSet::new(),
            oldest_first: VecDeque::new(),
            next_id: 1,
            limit: limit.max(1),
        }
    }

    /// The statement with this text, the same one for everybody who asks.
    pub fn intern(&mut self, text: &[u8]) -> Arc<Statement> {
        if let Some(known) = self.by_text.get(text) {
            return Arc::clone(&known.0);
        }
        if self.oldest_first.len() >= self.limit
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_text.remove(oldest.text());
        }
        let statement = Arc::new(Statement {
            id: self.next_id,
            name: format!("pgturnstile_{}", self.next_id).into(),
            text: text.into(),
        });
        self.next_id += 1;
        self.by_text.insert(ByText(Arc::clone(&statement)));
        self.oldest_first.push_back(Arc::clone(&statement));
        statement
    }
}

/// What one client believes to have prepared. Most clients that rest have nothing, so it is one
/// pointer until there is something.
#[derive(Debug, Default)]
pub struct ClientStatements(Option<Box<Held>>);

#[derive(Debug, Default)]
struct Held {
    named: HashMap<Box<[u8]>, Arc<Statement>>,
    /// The text of its unnamed statement, and which Parse of the client it came from.
    unnamed: Vec<u8>,
    unnamed_number: u64,
    has_unnamed: bool,
}

/// Memory for an unnamed text that is kept when a shorter one follows.
const UNNAMED_KEPT: usize = 4096;

impl ClientStatements {
    fn held(&mut self) -> &mut Held {
        self.0.get_or_insert_default()
    }

    pub fn get(&self, name: &[u8]) -> Option<&Arc<Statement>> {
        self.0.as_ref()?.named.get(name)
    }

    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |held| held.named.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// False when the client holds too many.
    pub fn insert(&mut self, name: &[u8], statement: Arc<Statement>) -> bool {
        if self.len() >= MAX_CLIENT_STATEMENTS {
            return false;
        }
        self.held().named.insert(name.into(), statement);
        true
    }

    pub fn remove(&mut self, name: &[u8]) -> Option<Arc<Statement>> {
        self.0.as_mut()?.named.remove(name)
    }

    /// A Parse was thrown away: its name is unknown again, unless it means another text by now.
    pub fn undo_parse(&mut self, name: &[u8], id: u64) {
        if self.get(name).is_some_and(|s| s.id == id) {
            self.remove(name);
        }
    }

    /// A Close was thrown away.
    pub fn undo_close(&mut self, name: Box<[u8]>, statement: Arc<Statement>) {
        self.held().named.entry(name).or_insert(statement);
    }

    /// The client's own DISCARD ALL or DEALLOCATE ALL.
    pub fn clear(&mut self) {
        if let Some(held) = &mut self.0 {
            held.named.clear();
        }
    }

    /// Remembers an unnamed Parse; returns its number.
    pub fn parse_unnamed(&mut self, text: &[u8]) -> u64 {
        let held = self.held();
        held.unnamed.clear();
        if text.len() <= UNNAMED_KEPT {
            held.unnamed.shrink_to(UNNAMED_KEPT);
        }
        held.unnamed.extend_from_slice(text);
        held.has_unnamed = true;
        held.unnamed_number += 1;
        held.unnamed_number
    }

    /// An unnamed Parse too long to be remembered: it can be bound where it is now, and only there.
    pub fn parse_unremembered(&mut self) -> u64 {
        let held = self.held();
        held.has_unnamed = false;
        held.unnamed = Vec::new();
        held.unnamed_number += 1;
        held.unnamed_number
    }

    /// The number of its latest unnamed Parse.
    pub fn unnamed_number(&self) -> u64 {
        self.0.as_ref().map_or(0, |held| held.unnamed_number)
    }

    /// A simple Query, or a Close of the unnamed statement, destroys it.
    pub fn drop_unnamed(&mut self) {
        if let Some(held) = &mut self.0 {
            held.has_unnamed = false;
        }
    }

    pub fn unnamed(&self) -> Option<(u64, &[u8])> {
        let held = self.0.as_ref().filter(|held| held.has_unnamed)?;
        Some((held.unnamed_number, &*held.unnamed))
    }
}

/// What must go out before a statement can be used on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Nothing,
    Parse,
    /// A Parse of an earlier batch may have been skipped or not: closing first is right either way.
    CloseAndParse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Sent { batch: u64, in_flight: u32 },
    Unsure,
}

/// What one server has prepared.
#[derive(Debug)]
pub struct ServerStatements {
    known: HashMap<u64, State>,
    oldest_first: VecDeque<u64>,
    limit: usize,
    /// Counts the ends of batches: within one, a Parse that was sent can be relied on.
    batch: u64,
    unnamed: Option<Unnamed>,
}

/// Whose unnamed statement the server holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unnamed {
    client: u64,
    number: u64,
    /// `None` = confirmed.
    sent_in: Option<u64>,
}

impl ServerStatements {
    pub fn new(limit: usize) -> Self {
        Self {
            known: HashMap::new(),
            oldest_first: VecDeque::new(),
            limit: limit.max(1),
            batch: 0,
            unnamed: None,
        }
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// A Sync, Query or FunctionCall went out.
    pub fn batch_ended(&mut self) {
        self.batch += 1;
    }

    /// What has to be sent before the statement is used; the caller sends it.
    pub fn need(&mut self, id: u64) -> Need {
        let batch = self.batch;
        match self.known.get_mut(&id) {
            Some(State::Ready) => Need::Nothing,
            Some(State::Sent { batch: sent, .. }) if *sent == batch => Need::Nothing,
            Some(State::Sent {
                batch: sent,
                in_flight,
            }) => {
                *sent = batch;
                *in_flight += 1;
                Need::CloseAndParse
            }
            Some(unsure @ State::Unsure) => {
                *unsure = State::Sent {
                    batch,
                    in_flight: 1,
                };
                Need::CloseAndParse
            }
            None => {
                self.known.insert(
                    id,
                    State::Sent {
                        batch,
                        in_flight: 1,
                    },
                );
                self.oldest_first.push_back(id);
                Need::Parse
            }
        }
    }

    /// Does the server have it for certain, or as certain as within this batch?
    pub fn has(&self, id: u64) -> bool {
        match self.known.get(&id) {
            Some(State::Ready) => true,
            Some(State::Sent { batch, .. }) => *batch == self.batch,
            _ => false,
        }
    }

    /// A statement to close because there are too many.
    pub fn surplus(&self) -> Option<u64> {
        if self.known.len() <= self.limit {
            return None;
        }
        let ready = |id: &&u64| self.known.get(*id) == Some(&State::Ready);
        self.oldest_first.iter().find(ready).copied()
    }

    /// A Close of `id` goes out (to make room): until its reply comes nothing is certain.
    pub fn closing(&mut self, id: u64) {
        self.known.insert(id, State::Unsure);
    }

    /// CloseComplete of [`ServerStatements::closing`].
    pub fn closed(&mut self, id: u64) {
        if self.known.get(&id) == Some(&State::Unsure) {
            self.known.remove(&id);
            self.oldest_first.retain(|&known| known != id);
        }
    }

    /// ParseComplete.
    pub fn confirmed(&mut self, id: u64) {
        self.settle(id, State::Ready);
    }

    /// The Parse failed or was skipped.
    pub fn struck(&mut self, id: u64) {
        self.settle(id, State::Unsure);
    }

    fn settle(&mut self, id: u64, last: State) {
        if let Some(state) = self.known.get_mut(&id)
            && let State::Sent { in_flight, .. } = state
        {
            *in_flight -= 1;
            if *in_flight == 0 {
                *state = last;
            }
        }
    }

    /// The server forgot all of them (DISCARD ALL, DEALLOCATE ALL).
    pub fn clear(&mut self) {
        self.known.clear();
        self.oldest_first.clear();
        self.unnamed = None;
    }

    /// An unnamed Parse of `client` goes out.
    pub fn unnamed_sent(&mut self, client: u64, number: u64) {
        self.unnamed = Some(Unnamed {
            client,
            number,
            sent_in: Some(self.batch),
        });
    }

    pub fn unnamed_confirmed(&mut self, client: u64, number: u64) {
        if let Some(unnamed) = &mut self.unnamed
            && (unnamed.client, unnamed.number) == (client, number)
        {
            unnamed.sent_in = None;
        }
    }

    /// It is gone: a Query, a failed Parse, or somebody else's unnamed statement of ours.
    pub fn unnamed_gone(&mut self) {
        self.unnamed = None;
    }

    /// Is the server's unnamed statement that one?
    pub fn has_unnamed(&self, client: u64, number: u64) -> bool {
        self.unnamed.is_some_and(|unnamed| {
            (unnamed.client, unnamed.number) == (client, number)
                && unnamed.sent_in.is_none_or(|batch| batch == self.batch)
        })
    }
}

/// What a message does to a client's and a server's statements once it is answered, or struck.
#[derive(Debug)]
pub enum Effect {
    /// A Parse of statement `id`; `client_name` when a client's Parse asked for it.
    Parse {
        id: u64,
        client_name: Option<Box<[u8]>>,
    },
    /// A stand-in for a Parse of what the server has already.
    KnownParse { id: u64, client_name: Box<[u8]> },
    /// A stand-in for a client's Close.
    ClientClose {
        name: Box<[u8]>,
        statement: Arc<Statement>,
    },
    /// A Close to make room.
    Evict { id: u64 },
    /// A client's unnamed Parse.
    Unnamed { client: u64, number: u64 },
}

impl Effect {
    /// The message was answered without an error.
    pub fn complete(self, server: &mut ServerStatements) {
        match self {
            Self::Parse { id, .. } => server.confirmed(id),
            Self::Evict { id } => server.closed(id),
            Self::Unnamed { client, number } => server.unnamed_confirmed(client, number),
            Self::KnownParse { .. } | Self::ClientClose { .. } => {}
        }
    }

    /// The message failed or was skipped.
    pub fn strike(self, client: &mut ClientStatements, server: &mut ServerStatements) {
        match self {
            Self::Parse { id, client_name } => {
                server.struck(id);
                if let Some(name) = client_name {
                    client.undo_parse(&name, id);
                }
            }
            Self::KnownParse { id, client_name } => client.undo_parse(&client_name, id),
            Self::ClientClose { name, statement } => client.undo_close(name, statement),
            Self::Evict { .. } => {}
            Self::Unnamed { .. } => server.unnamed_gone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_one_statement_and_the_oldest_goes_first() {
        let mut cache = StatementCache::new(2);
        let a = cache.intern(b"a");
        assert!(Arc::ptr_eq(&a, &cache.intern(b"a")));
        let b = cache.intern(b"b");
        cache.intern(b"c");
        assert!(Arc::ptr_eq(&b, &cache.intern(b"b")));
        assert_ne!(a.id(), cache.intern(b"a").id(), "forgotten, and so new");
    }

    #[test]
    fn a_parse_is_relied_on_in_its_batch_and_when_confirmed() {
        let mut server = ServerStatements::new(8);
        assert_eq!(server.need(1), Need::Parse);
        assert_eq!(server.need(1), Need::Nothing);
        server.batch_ended();
        assert_eq!(
            server.need(1),
            Need::CloseAndParse,
            "the first may be skipped"
        );
        server.struck(1);
        assert_eq!(server.need(1), Need::Nothing, "the second is in this batch");
        server.confirmed(1);
        server.batch_ended();
        assert_eq!(server.need(1), Need::Nothing);
    }

    #[test]
    fn a_struck_parse_leaves_doubt() {
        let mut server = ServerStatements::new(8);
        server.need(1);
        server.batch_ended();
        server.struck(1);
        assert!(!server.has(1));
        assert_eq!(server.need(1), Need::CloseAndParse);
    }

    #[test]
    fn what_is_too_much_is_closed_oldest_first() {
        let mut server = ServerStatements::new(1);
        for id in [1, 2] {
            server.need(id);
            server.confirmed(id);
        }
        assert_eq!(server.surplus(), Some(1));
        server.closing(1);
        server.closed(1);
        assert_eq!(server.surplus(), None);
        assert_eq!(server.need(1), Need::Parse);
    }

    #[test]
    fn the_unnamed_statement_belongs_to_who_parsed_it() {
        let mut server = ServerStatements::new(1);
        let mut client = ClientStatements::default();
        let number = client.parse_unnamed(b"select 1\0\0\0");
        server.unnamed_sent(7, number);
        assert!(server.has_unnamed(7, number));
        server.batch_ended();
        assert!(!server.has_unnamed(7, number), "not confirmed yet");
        server.unnamed_confirmed(7, number);
        assert!(server.has_unnamed(7, number));
        assert!(!server.has_unnamed(8, number));
        client.drop_unnamed();
        assert_eq!(client.unnamed(), None);
    }

    #[test]
    fn struck_messages_undo_what_the_client_believed() {
        let mut cache = StatementCache::new(8);
        let mut server = ServerStatements::new(8);
        let mut client = ClientStatements::default();
        let statement = cache.intern(b"x");
        client.insert(b"s", Arc::clone(&statement));
        let name: Box<[u8]> = b"s".as_slice().into();
        let id = statement.id();
        Effect::Parse {
            id,
            client_name: Some(name.clone()),
        }
        .strike(&mut client, &mut server);
        assert!(client.get(b"s").is_none());
        Effect::ClientClose { name, statement }.strike(&mut client, &mut server);
        assert!(client.get(b"s").is_some());
    }
}
