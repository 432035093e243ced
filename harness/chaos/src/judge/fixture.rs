//! A history by hand: a run in which all is as it must be, and what spoils it.

use std::collections::BTreeMap;

use harness::client::Failure;

use super::spans::SECOND;
use crate::history::{
    Answer, Contents, Effect, Event, Held, History, How, ListStep, Micros, Moved, Origin, Outcome,
    Password, Phase, PoolRow, Row, Sample, Setting, What, Work,
};

pub(super) const MS: Micros = 1_000;
/// The first request of each kind by alice; those of bob come [`BOBS`] later.
pub(super) const ASK: u64 = 1;
pub(super) const MARK: u64 = 2;
pub(super) const TRANSFER: u64 = 3;
pub(super) const TOTAL: u64 = 4;
pub(super) const LISTS: u64 = 5;
pub(super) const COPY_IN: u64 = 6;
pub(super) const COPY_OUT: u64 = 7;
pub(super) const MAIL: u64 = 8;
pub(super) const CANCELLED: u64 = 9;
/// Requests of a round, one of each kind.
pub(super) const BOBS: u64 = 9;
/// What is added to the number of a kind for alice's first requests under faults, after the last
/// fault, and when nothing may fail any more.
pub(super) const IN_STORM: u64 = 54;
pub(super) const IN_CALM: u64 = 77;
pub(super) const IN_QUIET: u64 = 95;

/// Something done to the good history.
pub(super) struct Seeded {
    pub(super) name: &'static str,
    pub(super) seed: fn(&mut Book),
    /// The judges that have to complain, and no other may. With none it is a pardon: it looks bad,
    /// and a fault explains it.
    pub(super) noticed_by: &'static [&'static str],
    /// What the first of them says.
    pub(super) words: &'static str,
}

impl Seeded {
    /// A defect that these judges notice.
    pub(super) const fn new(
        noticed_by: &'static [&'static str],
        name: &'static str,
        seed: fn(&mut Book),
        words: &'static str,
    ) -> Self {
        Self {
            name,
            seed,
            noticed_by,
            words,
        }
    }

    /// What looks bad and is explained.
    pub(super) const fn pardon(name: &'static str, seed: fn(&mut Book)) -> Self {
        Self::new(&[], name, seed, "")
    }
}

/// A history while it is written.
#[derive(Default)]
pub(super) struct Book {
    pub(super) events: Vec<Event>,
    clock: Micros,
    sessions: u64,
    users: BTreeMap<u64, &'static str>,
    ops: u64,
    faults: usize,
    values: u64,
    kept: Contents,
    lists: BTreeMap<u32, Vec<u64>>,
}

impl Book {
    /// A run of 19 s with two users, one request every 30 ms while there are no faults.
    pub(super) fn good() -> Self {
        let mut book = Self::default();
        book.note(0, What::Began(setting()));
        book.kept.accounts = vec![100; 4];
        book.phase(0, Phase::WarmUp);
        let (alice, bob) = (book.enter(0, "alice"), book.enter(0, "bob"));
        book.rounds(MS, &[alice, bob, alice, bob, alice, bob]);
        book.phase(2 * SECOND, Phase::Storm);
        book.rounds(3 * SECOND, &[alice, bob]);
        book.storm(alice, bob);
        book.phase(12 * SECOND, Phase::Calm);
        let (alice, bob) = (
            book.enter(12 * SECOND, "alice"),
            book.enter(12 * SECOND, "bob"),
        );
        book.rounds(13 * SECOND, &[alice, bob]);
        book.phase(15 * SECOND, Phase::Quiet);
        book.rounds(15 * SECOND + MS, &[alice, bob, alice, bob, alice, bob]);
        book.phase(17 * SECOND, Phase::Leaving);
        book.phase(18 * SECOND, Phase::Audit);
        for second in 1..17 {
            book.note(second * SECOND, What::Seen(sample()));
        }
        book.note(19 * SECOND - 1, What::Audit { leaks: Vec::new() });
        book.kept.lists = book.lists.clone().into_iter().collect();
        let contents = book.kept.clone();
        book.note(19 * SECOND, What::Final(contents));
        book
    }

    pub(super) fn history(mut self) -> History {
        self.events.sort_by_key(|event| event.at);
        History::of(self.events)
    }

    /// Faults, and what may come of them.
    fn storm(&mut self, alice: u64, bob: u64) {
        self.fault(4_000, 4_100, "clients: reset", None);
        let lost = transfer("lost", 1, 2);
        self.keep(alice, &lost);
        self.ask(4 * SECOND, alice, lost, failed(None, Effect::Unknown));
        self.fault(5_000, 5_500, "servers: close before Query", Some(1));
        let refused = failed(Some("08006"), Effect::Unknown);
        self.ask(5_100 * MS, bob, transfer("refused", 1, 2), refused);
        let rolled_back = failed(Some("40001"), Effect::None);
        let steps = vec![self.append(1), ListStep::Read { list: 1 }];
        self.ask(5_200 * MS, bob, Work::Lists { steps }, rolled_back);
        let steps = vec![self.append(1), self.append(3)];
        for step in &steps {
            self.carry_out(step);
        }
        let unknown = failed(Some("08006"), Effect::Unknown);
        self.ask(5_300 * MS, bob, Work::Lists { steps }, unknown);
        let abandoned = Work::CopyIn {
            token: "abandoned".to_owned(),
            rows: 3,
        };
        self.ask(5_400 * MS, bob, abandoned, Outcome::Abandoned);
        self.fault(6_000, 6_200, "password: new for user 0", None);
        let user = "alice".to_owned();
        self.note(6_100 * MS, What::PasswordChanged { user });
        self.try_in(6_150, "alice", Password::Right, Some("28P01"));
        self.try_in(6_200, "alice", Password::Old, None);
        self.try_in(7_000, "bob", Password::Wrong, Some("28P01"));
        self.fault(7_000, 8_000, "look-ups: down", None);
        self.try_in(7_500, "bob", Password::Right, Some("57P03"));
        self.try_in(11_000, "alice", Password::Old, Some("28P01"));
    }

    /// One request of each kind for each session.
    fn rounds(&mut self, from: Micros, sessions: &[u64]) {
        self.clock = from;
        for session in sessions {
            for kind in Work::KINDS {
                let (work, outcome) = self.answered(*session, kind);
                self.keep(*session, &work);
                let at = self.clock;
                self.ask(at, *session, work, outcome);
                self.clock += 30 * MS;
            }
        }
    }

    /// The next request of this kind, and the answer that it has to have.
    fn answered(&mut self, session: u64, kind: &str) -> (Work, Outcome) {
        let token = format!("t{}", self.ops + 1);
        let origin = self.origin(session);
        let row = |number| Row {
            origin: origin.clone(),
            token: token.clone(),
            number,
        };
        match kind {
            "ask" => {
                let rows = (1..=3).map(row).collect();
                let how = How::Transaction;
                (
                    Work::Ask {
                        token,
                        rows: 3,
                        how,
                    },
                    Outcome::Rows { rows },
                )
            }
            "mark" => {
                let rows = vec![row(1)];
                (Work::Mark { token }, Outcome::Rows { rows })
            }
            "transfer" => (transfer(&token, 0, 3), Outcome::Written),
            "total" => (Work::Total, Outcome::Total { sum: 400 }),
            "lists" => {
                let steps = vec![
                    ListStep::Read { list: 1 },
                    self.append(2),
                    ListStep::Read { list: 2 },
                    self.append(1),
                ];
                let seen = steps.iter().map(|step| self.carry_out(step)).collect();
                (Work::Lists { steps }, Outcome::Lists { seen })
            }
            "copy-in" => (Work::CopyIn { token, rows: 5 }, Outcome::Written),
            "copy-out" => {
                let lines = (1..=4).map(|number| (token.clone(), number)).collect();
                (Work::CopyOut { token, rows: 4 }, Outcome::Lines { lines })
            }
            "mail" => {
                let user = self.users[&session];
                let own = self.kept.mail.iter().filter(|(_, owner)| owner == user);
                let letters = own.map(|(token, owner)| (owner.clone(), token.clone()));
                let mut letters: Vec<_> = letters.collect();
                letters.push((user.to_owned(), token.clone()));
                (Work::Mail { token }, Outcome::Mail { origin, letters })
            }
            _ => (Work::Cancelled { token }, Outcome::Cancelled),
        }
    }

    /// What the database keeps of it.
    fn keep(&mut self, session: u64, work: &Work) {
        let user = self.users[&session].to_owned();
        match work.clone() {
            Work::Transfer {
                token,
                from,
                to,
                amount,
            } => {
                self.kept.accounts[from as usize] -= amount;
                self.kept.accounts[to as usize] += amount;
                self.kept.transfers.push(Moved {
                    token,
                    from,
                    to,
                    amount,
                    by: user,
                });
            }
            Work::CopyIn { token, rows } => {
                self.kept.loads.insert(token, rows);
            }
            Work::Mail { token } => self.kept.mail.push((token, user)),
            _ => {}
        }
    }

    fn append(&mut self, list: u32) -> ListStep {
        self.values += 1;
        let value = self.values;
        ListStep::Append { list, value }
    }

    fn carry_out(&mut self, step: &ListStep) -> Option<Vec<u64>> {
        match step {
            ListStep::Append { list, value } => {
                self.lists.entry(*list).or_default().push(*value);
                None
            }
            ListStep::Read { list } => Some(self.lists.get(list).cloned().unwrap_or_default()),
        }
    }

    fn origin(&self, session: u64) -> Origin {
        let user = self.users[&session].to_owned();
        Origin {
            session_user: user.clone(),
            user,
            backend: 100 + i32::try_from(session).expect("few sessions"),
            mark: String::new(),
        }
    }

    pub(super) fn note(&mut self, at: Micros, what: What) {
        self.events.push(Event { at, what });
    }

    fn phase(&mut self, at: Micros, phase: Phase) {
        self.note(at, What::Phase { phase });
    }

    /// A client of the user logs in; its session.
    pub(super) fn enter(&mut self, at: Micros, user: &'static str) -> u64 {
        self.login(at, 50 * MS, user, Password::Right, None)
    }

    pub(super) fn try_in(
        &mut self,
        at_ms: u64,
        user: &'static str,
        password: Password,
        told: Option<&str>,
    ) {
        let failure = told.map(|code| failure(Some(code)));
        self.login(at_ms * MS, 50 * MS, user, password, failure);
    }

    /// A login that takes so long; refused where there is a failure.
    pub(super) fn login(
        &mut self,
        at: Micros,
        took: Micros,
        user: &'static str,
        password: Password,
        refused: Option<Failure>,
    ) -> u64 {
        self.sessions += 1;
        let session = self.sessions;
        self.users.insert(session, user);
        let login = What::Login {
            session,
            client: format!("{user}#{session}"),
            user: user.to_owned(),
            password,
            tls: false,
        };
        self.note(at, login);
        let told = match refused {
            Some(failure) => What::Refused { session, failure },
            None => What::LoggedIn { session },
        };
        self.note(at + took, told);
        session
    }

    /// A request that is answered within 10 ms; its number.
    pub(super) fn ask(&mut self, at: Micros, session: u64, work: Work, outcome: Outcome) -> u64 {
        self.ops += 1;
        let op = self.ops;
        let in_transaction = matches!(
            outcome,
            Outcome::Rows { .. } | Outcome::Written | Outcome::Lists { .. }
        );
        let held = in_transaction.then(|| Held {
            from: at + 3 * MS,
            to: at + 7 * MS,
            first: self.origin(session),
            last: self.origin(session),
        });
        self.note(at, What::Asked { op, session, work });
        let answer = Answer { outcome, held };
        self.note(at + 10 * MS, What::Answered { op, answer });
        op
    }

    /// Another request of alice in her first session, in the storm.
    pub(super) fn ask_more(&mut self, at_ms: u64, work: Work, outcome: Outcome) -> u64 {
        self.ask(at_ms * MS, 1, work, outcome)
    }

    pub(super) fn fault(&mut self, from_ms: u64, to_ms: u64, words: &str, hits: Option<u64>) {
        self.faults += 1;
        let number = self.faults;
        let fault = words.parse().expect(words);
        self.note(from_ms * MS, What::FaultBegan { number, fault });
        let ended = What::FaultEnded {
            number,
            hits,
            trouble: None,
        };
        self.note(to_ms * MS, ended);
    }
}

/// What a defect changes.
impl Book {
    fn find<'b, T>(&'b mut self, pick: impl Fn(&'b mut What) -> Option<T>) -> T {
        let mut found = self.events.iter_mut().map(|event| &mut event.what);
        found.find_map(pick).expect("there is such an event")
    }

    pub(super) fn setting(&mut self) -> &mut Setting {
        self.find(|what| match what {
            What::Began(setting) => Some(setting),
            _ => None,
        })
    }

    pub(super) fn contents(&mut self) -> &mut Contents {
        self.find(|what| match what {
            What::Final(contents) => Some(contents),
            _ => None,
        })
    }

    pub(super) fn answer(&mut self, wanted: u64) -> &mut Answer {
        self.find(move |what| match what {
            What::Answered { op, answer } if *op == wanted => Some(answer),
            _ => None,
        })
    }

    pub(super) fn held(&mut self, op: u64) -> &mut Held {
        self.answer(op).held.as_mut().expect("a transaction")
    }

    pub(super) fn rows(&mut self, op: u64) -> &mut Vec<Row> {
        match &mut self.answer(op).outcome {
            Outcome::Rows { rows } => rows,
            other => panic!("{other:?} has no rows"),
        }
    }

    pub(super) fn letters(&mut self, op: u64) -> &mut Vec<(String, String)> {
        match &mut self.answer(op).outcome {
            Outcome::Mail { letters, .. } => letters,
            other => panic!("{other:?} has no letters"),
        }
    }

    /// The request fails instead; what it wrote stays.
    pub(super) fn fail(&mut self, op: u64, sqlstate: Option<&str>, effect: Effect) {
        *self.answer(op) = Answer {
            outcome: failed(sqlstate, effect),
            held: None,
        };
    }

    /// The request fails instead and has written nothing.
    pub(super) fn fail_ask(&mut self, op: u64, sqlstate: Option<&str>) {
        self.fail(op, sqlstate, Effect::None);
    }

    pub(super) fn remove(&mut self, unwanted: impl Fn(&What) -> bool) {
        self.events.retain(|event| !unwanted(&event.what));
    }

    /// Its answer never comes.
    pub(super) fn silence(&mut self, op: u64) {
        self.remove(|what| matches!(what, What::Answered { op: known, .. } if *known == op));
    }

    /// The first event that fits comes at another time.
    pub(super) fn shift(&mut self, at_ms: u64, wanted: impl Fn(&What) -> bool) {
        let mut events = self.events.iter_mut();
        let event = events.find(|event| wanted(&event.what));
        event.expect("there is such an event").at = at_ms * MS;
    }

    /// The sample of this second.
    pub(super) fn sample(&mut self, second: u64) -> &mut Sample {
        let mut events = self.events.iter_mut();
        let found = events.find_map(|event| match &mut event.what {
            What::Seen(sample) if event.at == second * SECOND => Some(sample),
            _ => None,
        });
        found.expect("there is a sample every second")
    }
}

pub(super) fn failure(sqlstate: Option<&str>) -> Failure {
    Failure {
        sqlstate: sqlstate.map(str::to_owned),
        ..Failure::local("as told")
    }
}

pub(super) fn failed(sqlstate: Option<&str>, effect: Effect) -> Outcome {
    let failure = failure(sqlstate);
    Outcome::Failed { failure, effect }
}

pub(super) fn transfer(token: &str, from: u32, to: u32) -> Work {
    Work::Transfer {
        token: token.to_owned(),
        from,
        to,
        amount: 2,
    }
}

fn setting() -> Setting {
    let user = |name: &str, stored: &str| (name.to_owned(), stored.to_owned());
    Setting {
        pooler: "pgturnstile".to_owned(),
        users: [user("alice", "md5"), user("bob", "scram-sha-256")].into(),
        pool_size: 3,
        accounts: 4,
        opening_balance: 100,
        storm_ms: 10_000,
        client_login_timeout_ms: 5_000,
        query_wait_timeout_ms: 5_000,
        cache_ttl_ms: 1_000,
        ..Setting::default()
    }
}

fn sample() -> Sample {
    let count = |name: &str, count: i64| (name.to_owned(), count);
    let row = |user: &str| PoolRow {
        database: "chaos".to_owned(),
        user: user.to_owned(),
        sv_idle: 1,
        ..PoolRow::default()
    };
    Sample {
        internals: [count("permits_free", 4), count("permits_total", 6)].into(),
        pools: vec![row("alice"), row("bob")],
        sessions: [count("alice", 1), count("bob", 1)].into(),
    }
}
