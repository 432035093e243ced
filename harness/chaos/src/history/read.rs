//! The history as judges read it: sessions, requests with their answers, and spans of faults.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use harness::client::Failure;
use harness::{Error, Result};

use super::event::{Contents, Event, Leaving, Micros, Password, Phase, Sample, Setting, What};
use super::work::{Answer, Work};
use crate::plan::Fault;

/// A finished run.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub setting: Setting,
    pub events: Vec<Event>,
    /// By number.
    pub sessions: BTreeMap<u64, Session>,
    /// In the order in which they were asked.
    pub ops: Vec<Op>,
    pub faults: Vec<FaultSpan>,
    /// When each phase began.
    pub phases: Vec<(Phase, Micros)>,
    pub samples: Vec<(Micros, Sample)>,
    /// Whose password the clients learned to be new, and when.
    pub password_changes: Vec<(Micros, String)>,
    pub contents: Option<Contents>,
    /// What the audit found; `None` when there was none.
    pub leaks: Option<Vec<String>>,
}

/// One client's session, from its login on.
#[derive(Debug, Clone)]
pub struct Session {
    pub number: u64,
    pub client: String,
    pub user: String,
    pub password: Password,
    pub tls: bool,
    pub began: Micros,
    /// When the login was decided, and how: `Ok` is ready. `None` when the history ends before.
    pub login: Option<(Micros, Result<(), Failure>)>,
    pub left: Option<(Micros, Leaving)>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Op {
    pub number: u64,
    pub session: u64,
    pub asked: Micros,
    pub work: Work,
    /// `None` when the history ends before its answer.
    pub answer: Option<(Micros, Answer)>,
}

/// When a fault of the schedule was there.
#[derive(Debug, Clone)]
pub struct FaultSpan {
    /// Its place in the schedule, from 1.
    pub number: usize,
    pub fault: Fault,
    pub from: Micros,
    /// The end of the history when it never ended.
    pub to: Micros,
    pub hits: Option<u64>,
    pub trouble: Option<String>,
}

impl History {
    /// Reads an `events.jsonl`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(Error::io(path.display().to_string()))?;
        let mut events = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let event = serde_json::from_str(line)
                .map_err(|error| Error::told(format!("{}:{}: {error}", path.display(), at + 1)))?;
            events.push(event);
        }
        events.sort_by_key(|event: &Event| event.at);
        Ok(Self::of(events))
    }

    /// Puts the events of a run together.
    pub fn of(events: Vec<Event>) -> Self {
        let end = events.last().map_or(0, |event| event.at);
        let mut history = Self::default();
        let mut places = BTreeMap::new();
        for event in &events {
            history.take(event, end, &mut places);
        }
        history.events = events;
        history
    }

    /// When the phase began; the end of the history when it never did.
    pub fn began(&self, phase: Phase) -> Micros {
        let found = self.phases.iter().find(|(known, _)| *known == phase);
        found.map_or_else(|| self.end(), |(_, at)| *at)
    }

    /// The time of the last event.
    pub fn end(&self) -> Micros {
        self.events.last().map_or(0, |event| event.at)
    }

    /// The user that a request's session logged in as.
    pub fn user(&self, op: &Op) -> &str {
        self.sessions.get(&op.session).map_or("", |s| &s.user)
    }

    /// The client that asked.
    pub fn client(&self, op: &Op) -> &str {
        self.sessions.get(&op.session).map_or("", |s| &s.client)
    }

    fn take(&mut self, event: &Event, end: Micros, places: &mut BTreeMap<u64, usize>) {
        let at = event.at;
        match &event.what {
            What::Began(setting) => self.setting = setting.clone(),
            What::Phase { phase } => self.phases.push((*phase, at)),
            What::Asked { op, session, work } => {
                places.insert(*op, self.ops.len());
                self.ops.push(Op {
                    number: *op,
                    session: *session,
                    asked: at,
                    work: work.clone(),
                    answer: None,
                });
            }
            What::Answered { op, answer } => {
                if let Some(op) = places.get(op).and_then(|place| self.ops.get_mut(*place)) {
                    op.answer = Some((at, answer.clone()));
                }
            }
            What::FaultBegan { number, fault } => self.faults.push(FaultSpan {
                number: *number,
                fault: fault.clone(),
                from: at,
                to: end,
                hits: None,
                trouble: None,
            }),
            What::FaultEnded {
                number,
                hits,
                trouble,
            } => {
                let mut spans = self.faults.iter_mut();
                if let Some(span) = spans.find(|span| span.number == *number) {
                    (span.to, span.hits) = (at, *hits);
                    span.trouble.clone_from(trouble);
                }
            }
            What::Seen(sample) => self.samples.push((at, sample.clone())),
            What::PasswordChanged { user } => self.password_changes.push((at, user.clone())),
            What::Final(contents) => self.contents = Some(contents.clone()),
            What::Audit { leaks } => self.leaks = Some(leaks.clone()),
            What::Fired { .. } | What::LogLine { .. } => {}
            session => self.take_session(at, session),
        }
    }

    fn take_session(&mut self, at: Micros, what: &What) {
        match what {
            What::Login {
                session,
                client,
                user,
                password,
                tls,
            } => {
                let known = Session {
                    number: *session,
                    client: client.clone(),
                    user: user.clone(),
                    password: *password,
                    tls: *tls,
                    began: at,
                    login: None,
                    left: None,
                };
                self.sessions.insert(*session, known);
            }
            What::LoggedIn { session } => self.with(*session, |s| s.login = Some((at, Ok(())))),
            What::Refused { session, failure } => {
                self.with(*session, |s| s.login = Some((at, Err(failure.clone()))));
            }
            What::Left { session, how } => self.with(*session, |s| s.left = Some((at, *how))),
            _ => {}
        }
    }

    fn with(&mut self, session: u64, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.get_mut(&session) {
            change(session);
        }
    }
}
