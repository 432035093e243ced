//! The model of PostgreSQL's main loop that judges the turn, itself judged by a real PostgreSQL: both
//! get the same scripts, and have to give the same answers.

#![allow(clippy::unwrap_used)] // A test fails where something is not as it must be.

#[allow(dead_code)] // The turn's tests use more of it.
#[path = "../src/session/turn/reference/main_loop.rs"]
mod main_loop;
#[allow(dead_code)]
#[path = "../src/session/turn/reference/said.rs"]
mod said;
#[path = "main_loop/spoken.rs"]
mod spoken;
mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use main_loop::Server;
use pgturnstile::wire::frame::{self, HEADER};
use pgturnstile::wire::request;
use said::{Described, Fate, Request, Statement};
use support::Postgres;

const REQUESTS: &[Request] = &[
    Request::Query(&[]),
    Request::Query(&[Statement::Rows]),
    Request::Query(&[Statement::Fails]),
    Request::Query(&[Statement::Rows, Statement::Fails]),
    Request::Query(&[Statement::Begin]),
    Request::Query(&[Statement::End]),
    Request::Query(&[Statement::Doomed]),
    Request::Query(&[Statement::CopyOut]),
    Request::Query(&[Statement::CopyIn]),
    Request::Query(&[Statement::CopyInRefused]),
    Request::Query(&[Statement::CopyIn, Statement::Rows]),
    Request::Query(&[Statement::CopyIn, Statement::Fails]),
    Request::Query(&[Statement::CopyIn, Statement::CopyIn]),
    Request::FunctionCall(Fate::Works),
    Request::FunctionCall(Fate::Fails),
    Request::Parse(Fate::Works),
    Request::Parse(Fate::WorksInFailed),
    Request::Parse(Fate::Fails),
    Request::Bind(Fate::Works),
    Request::Bind(Fate::WorksInFailed),
    Request::Bind(Fate::Fails),
    Request::Describe(Described::Statement),
    Request::Describe(Described::StatementWithoutRows),
    Request::Describe(Described::Portal),
    Request::Describe(Described::Nothing),
    Request::Execute(Statement::Rows),
    Request::Execute(Statement::Suspended),
    Request::Execute(Statement::Empty),
    Request::Execute(Statement::Fails),
    Request::Execute(Statement::Doomed),
    Request::Execute(Statement::Begin),
    Request::Execute(Statement::End),
    Request::Execute(Statement::CopyOut),
    Request::Execute(Statement::CopyIn),
    Request::Execute(Statement::CopyInRefused),
    Request::Close,
    Request::Sync,
    Request::Flush,
    Request::CopyData(Fate::Works),
    Request::CopyData(Fate::Fails),
    Request::CopyDone(Fate::Works),
    Request::CopyDone(Fate::Fails),
    Request::CopyFail,
];

/// What a script begins with, so that two messages more meet every state.
const BEGINNINGS: &[&[Request]] = &[
    &[],
    &[Request::Query(&[Statement::Begin])],
    &[
        Request::Query(&[Statement::Begin]),
        Request::Query(&[Statement::Fails]),
    ],
    &[Request::Execute(Statement::Doomed)],
    &[Request::Parse(Fate::Fails)],
    &[Request::Query(&[Statement::CopyIn, Statement::CopyIn])],
    &[Request::Execute(Statement::CopyIn)],
];

/// Ends whatever a script has left open.
const END: [Request; 4] = [
    Request::CopyFail,
    Request::Sync,
    Request::Query(&[Statement::End]),
    Request::Query(&[]),
];

struct Judge<'a> {
    postgres: &'a Postgres,
    stream: UnixStream,
    logins: usize,
}

impl<'a> Judge<'a> {
    fn new(postgres: &'a Postgres) -> Self {
        Self {
            postgres,
            stream: log_in(postgres),
            logins: 1,
        }
    }

    fn judge(&mut self, script: &[Request]) {
        let whole = [script, &END].concat();
        let (bytes, model, gone) = spoken::spoken(&whole);
        // A server that has closed may refuse the rest.
        let _ = self.stream.write_all(&bytes);
        let real = if gone {
            let real = answers(&mut self.stream, |_| false);
            self.stream = log_in(self.postgres);
            self.logins += 1;
            real
        } else {
            answers(&mut self.stream, |said| said.len() >= model.len())
        };
        assert_eq!(model, real, "the model, and PostgreSQL, on {script:?}");
    }
}

fn log_in(postgres: &Postgres) -> UnixStream {
    let mut stream = UnixStream::connect(postgres.socket()).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    let mut hello = Vec::new();
    let who = [("user", "postgres"), ("database", "postgres")];
    request::startup(&mut hello, &who, 0);
    stream.write_all(&hello).unwrap();
    answers(&mut stream, |said| said.ends_with("ZI"));
    stream.write_all(&spoken::preparation()).unwrap();
    let prepared = answers(&mut stream, |said| said.ends_with("ZI"));
    assert!(!prepared.contains('E'), "{prepared}");
    stream
}

/// The tags of what comes, ReadyForQuery with its status, until there is enough or the server closes.
/// Notices and reports come when they like, and are left out.
fn answers(stream: &mut UnixStream, enough: impl Fn(&str) -> bool) -> String {
    let (mut said, mut bytes) = (String::new(), Vec::new());
    let mut piece = [0; 8192];
    loop {
        while let Some(header) = frame::header(&bytes).unwrap() {
            let whole = HEADER + header.body;
            if bytes.len() < whole {
                break;
            }
            match header.tag {
                b'N' | b'S' | b'A' | b'R' | b'K' => {}
                b'Z' => said.extend(['Z', char::from(bytes[HEADER])]),
                tag => said.push(char::from(tag)),
            }
            bytes.drain(..whole);
        }
        if enough(&said) {
            assert!(bytes.is_empty(), "more than was asked for behind {said}");
            return said;
        }
        match stream.read(&mut piece) {
            Ok(0) => return said,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return said,
            // It has less to say than the model: the caller compares.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return said,
            Err(error) => panic!("{error} after {said}"),
        }
    }
}

/// Each beginning, and each two messages behind it. Where the first one ends the connection, no second
/// one is tried.
fn pairs() -> Vec<Vec<Request>> {
    let mut scripts = Vec::new();
    for &beginning in BEGINNINGS {
        for &first in REQUESTS {
            let script = [beginning, &[first]].concat();
            let mut server = Server::new();
            for &request in &script {
                server.read(0, request);
            }
            if server.is_gone() {
                scripts.push(script);
                continue;
            }
            let seconds = REQUESTS.iter();
            scripts.extend(seconds.map(|&second| [&script[..], &[second]].concat()));
        }
    }
    scripts
}

/// Longer ones, the same in every run.
fn long_scripts(how_many: usize) -> Vec<Vec<Request>> {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        // Numerical Recipes' generator; its upper half is good enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut script = || {
        (0..3 + random(10))
            .map(|_| REQUESTS[random(REQUESTS.len())])
            .collect()
    };
    (0..how_many).map(|_| script()).collect()
}

#[tokio::test]
async fn the_model_answers_as_postgresql_does() {
    let postgres = Postgres::start("", "").await;
    postgres.sql(spoken::SET_UP).await;
    let mut judge = Judge::new(&postgres);
    let (pairs, long) = (pairs(), long_scripts(1000));
    for script in pairs.iter().chain(&long) {
        judge.judge(script);
    }
    println!(
        "{} scripts of two messages in {} states, {} longer ones, {} logins",
        pairs.len(),
        BEGINNINGS.len(),
        long.len(),
        judge.logins
    );
}
