//! Client, turn and the model of PostgreSQL, joined as the pump joins them.
//!
//! The server reads what is sent at once: what it says depends on the order of what it reads only.
//! When a reply reaches the turn is free, so every order that the turn can see is there.

use std::collections::{BTreeMap, VecDeque};

use super::super::{Admission, Message, Owner, Turn};
use super::main_loop::Server;
use super::said::{Answer, Fate, Read, Request, Statement};
use super::{Say, Step};

/// A message that the turn has not said the last word about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Note {
    pub(super) owner: Owner,
    /// Who is told of its error: a batch with a message of the client's in it is the client's.
    pub(super) blame: Owner,
    pub(super) show_as: Option<u8>,
    /// The turn has an effect of it that it has not given back.
    pub(super) effect: bool,
    /// The server has skipped it, eaten it or refused it.
    pub(super) struck: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) turn: Turn<u32>,
    pub(super) server: Server,
    /// Said by the server, not yet seen by the turn.
    pub(super) on_the_way: VecDeque<Answer>,
    /// How many of these have left the server's buffer.
    pub(super) flushed: usize,
    /// The server that the client would have without us, fed the same.
    pub(super) direct: Server,
    /// What that one said and the client has not got yet.
    pub(super) expected: VecDeque<(u8, Option<u8>)>,
    /// A ReadyForQuery of the client's that was taken for ours; the next one makes up for it.
    pub(super) lent: Option<u8>,
    pub(super) notes: BTreeMap<u32, Note>,
    /// No extended message was obeyed since the last Sync, Query or FunctionCall.
    pub(super) batch_closed: bool,
    /// Probes since the client's last message.
    pub(super) probes: u32,
    /// The pump has given up: PostgreSQL refused the client's parameters.
    pub(super) ended: bool,
    pub(super) sent: u32,
}

impl Conversation {
    pub(super) fn new() -> Self {
        Self {
            turn: Turn::default(),
            server: Server::new(),
            on_the_way: VecDeque::new(),
            flushed: 0,
            direct: Server::new(),
            expected: VecDeque::new(),
            lent: None,
            notes: BTreeMap::new(),
            batch_closed: true,
            probes: 0,
            ended: false,
            sent: 0,
        }
    }

    /// May the step be taken here?
    pub(super) fn allows(&self, step: Step) -> bool {
        if self.ended {
            return false;
        }
        match step {
            Step::Deliver => !self.on_the_way.is_empty(),
            Step::Probe => self.turn.probe_wanted(),
            Step::Say(Say::Parameters(_)) => self.is_fresh(),
            Step::Say(say) => match self.turn.admission(say.message()) {
                Admission::Now | Admission::Never => !self.server.is_gone(),
                Admission::Later | Admission::Refused(_) => false,
            },
        }
    }

    fn is_fresh(&self) -> bool {
        self.turn.is_over() && self.on_the_way.is_empty()
    }

    /// Takes the step; a complaint if the turn is wrong about anything then.
    pub(super) fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Deliver => self.deliver()?,
            Step::Probe => self.probe()?,
            Step::Say(say) => {
                self.probes = 0;
                self.say(say);
            }
        }
        self.judge()
    }

    fn probe(&mut self) -> Result<(), String> {
        self.probes += 1;
        if self.probes > 1 {
            return Err("one probe did not settle it".to_owned());
        }
        for message in self.turn.take_probe() {
            let request = match message {
                Message::Close => Request::Close,
                _ => Request::Sync,
            };
            self.reach_server(request, Note::of(Owner::Ours, Owner::Ours));
        }
        Ok(())
    }

    fn say(&mut self, say: Say) {
        if let Some(request) = say.of_client() {
            self.direct.read(0, request);
            let answers = self.direct.take().into_iter();
            self.expected.extend(answers.map(|a| (a.tag, a.status)));
        }
        if self.turn.admission(say.message()) == Admission::Never {
            return;
        }
        let client = Note::of(Owner::Client, Owner::Client);
        let for_client = Note::of(Owner::Ours, Owner::Client);
        match say {
            Say::Client(request) => self.send(request, client),
            Say::Parameters(fate) => {
                let executed = match fate {
                    Fate::Fails => Statement::Fails,
                    _ => Statement::Rows,
                };
                for request in [
                    Request::Parse(Fate::Works),
                    Request::Bind(Fate::Works),
                    Request::Execute(executed),
                    Request::Sync,
                ] {
                    self.send(request, Note::of(Owner::Ours, Owner::Ours));
                }
            }
            Say::Prepared(fate) => {
                self.send(Request::Parse(fate), for_client);
                self.send(Request::Bind(Fate::Works), client);
            }
            Say::PreparedAnew => {
                self.send(Request::Close, for_client.clone());
                self.send(Request::Parse(Fate::Works), for_client);
                self.send(Request::Bind(Fate::Works), client);
            }
            Say::StandIn => {
                let show_as = Some(b'1');
                self.send(Request::Close, Note { show_as, ..client });
            }
            Say::Evicting => {
                self.send(Request::Parse(Fate::Works), client);
                self.send(Request::Close, for_client);
            }
        }
    }

    fn send(&mut self, request: Request, mut note: Note) {
        let message = request.message();
        // Which of two Syncs was eaten nobody can tell, and the pump attaches nothing to one.
        note.effect = owes_reply(message) && message != Message::Sync;
        let effect = note.effect.then_some(self.sent);
        self.turn.sent(message, note.owner, note.show_as, effect);
        self.reach_server(request, note);
    }

    fn reach_server(&mut self, request: Request, mut note: Note) {
        let (id, message) = (self.sent, request.message());
        self.sent += 1;
        let (read, flushed) = self.server.read(id, request);
        let answers = self.server.take();
        if owes_reply(message) {
            note.struck = read != Read::Served;
            self.notes.insert(id, note);
        }
        for answer in &answers {
            if answer.tag == b'E'
                && let Some(note) = self.notes.get_mut(&answer.to)
            {
                note.struck = true;
            }
        }
        self.on_the_way.extend(answers);
        if flushed {
            self.flushed = self.on_the_way.len();
        }
        if read == Read::Served && owes_reply(message) {
            self.batch_closed = matches!(
                message,
                Message::Query | Message::FunctionCall | Message::Sync
            );
        }
        self.forget();
    }

    /// Drops the notes of messages that nothing more can be said about.
    pub(super) fn forget(&mut self) {
        let (server, waiting) = (&self.server, &self.on_the_way);
        self.notes.retain(|id, note| {
            note.effect
                || server.copy() == Some(*id)
                || waiting.iter().any(|answer| answer.to == *id)
        });
    }
}

impl Note {
    fn of(owner: Owner, blame: Owner) -> Self {
        Self {
            owner,
            blame,
            show_as: None,
            effect: false,
            struck: false,
        }
    }
}

impl Say {
    /// What the pump asks admission for.
    fn message(self) -> Message {
        match self {
            Self::Client(request) => request.message(),
            Self::Prepared(_) | Self::PreparedAnew => Message::Bind,
            Self::Parameters(_) | Self::StandIn | Self::Evicting => Message::Parse,
        }
    }

    /// What PostgreSQL would get if nobody were between. A stand-in for a Parse is the Close that it
    /// is: its reply differs in the tag only.
    fn of_client(self) -> Option<Request> {
        match self {
            Self::Client(request) => Some(request),
            Self::Prepared(fate) => Some(Request::Bind(fate)),
            Self::PreparedAnew => Some(Request::Bind(Fate::Works)),
            Self::StandIn => Some(Request::Close),
            Self::Evicting => Some(Request::Parse(Fate::Works)),
            Self::Parameters(_) => None,
        }
    }
}

fn owes_reply(message: Message) -> bool {
    !matches!(
        message,
        Message::Flush | Message::CopyData | Message::CopyEnd
    )
}

impl Request {
    fn message(self) -> Message {
        match self {
            Self::Query(_) => Message::Query,
            Self::FunctionCall(_) => Message::FunctionCall,
            Self::Parse(_) => Message::Parse,
            Self::Bind(_) => Message::Bind,
            Self::Describe(_) => Message::Describe,
            Self::Execute(_) => Message::Execute,
            Self::Close => Message::Close,
            Self::Sync => Message::Sync,
            Self::Flush => Message::Flush,
            Self::CopyData(_) => Message::CopyData,
            Self::CopyDone(_) | Self::CopyFail => Message::CopyEnd,
        }
    }
}
