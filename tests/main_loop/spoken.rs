//! A script in PostgreSQL's own words: the messages that come to what the model was told.

use std::collections::HashMap;

use pgturnstile::wire::frontend::tags;
use pgturnstile::wire::request;

use crate::main_loop::Server;
use crate::said::{Described, Fate, Request, Statement};

/// What scripts speak of. The trigger of `doomed` fails at the commit.
pub(crate) const SET_UP: &str = "\
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'told to'; END$$;
CREATE TABLE good (a int);
CREATE TABLE refused (a int);
CREATE TRIGGER fail BEFORE INSERT ON refused FOR EACH STATEMENT EXECUTE FUNCTION fail();
CREATE TABLE late (a int);
CREATE TRIGGER fail AFTER INSERT ON late FOR EACH STATEMENT EXECUTE FUNCTION fail();
CREATE TABLE doomed (a int);
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON doomed
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()";

/// Every statement that a Bind may name, prepared under its own name.
const PREPARED: [&str; 11] = [
    ROWS, TWO_ROWS, "", FAILS, DOOMED, "BEGIN", "COMMIT", COPY_OUT, GOOD, REFUSED, LATE,
];
const ROWS: &str = "SELECT 1";
const TWO_ROWS: &str = "VALUES (1), (2)";
const FAILS: &str = "DO $$BEGIN RAISE EXCEPTION 'told to'; END$$";
const DOOMED: &str = "INSERT INTO doomed VALUES (1)";
const COPY_OUT: &str = "COPY (SELECT 1) TO STDOUT";
const GOOD: &str = "COPY good FROM STDIN";
const REFUSED: &str = "COPY refused FROM STDIN";
const LATE: &str = "COPY late FROM STDIN";

/// `pg_backend_pid`, in every PostgreSQL.
const A_FUNCTION: u32 = 2026;

/// Prepares what scripts bind; each is answered with ParseComplete, all with one ReadyForQuery.
pub(crate) fn preparation() -> Vec<u8> {
    let mut out = Vec::new();
    for sql in PREPARED {
        request::parse(&mut out, format!("s:{sql}"), sql, &[]);
    }
    request::sync(&mut out);
    out
}

/// The messages of a script, and how the model answers them: tags, ReadyForQuery with its status.
pub(crate) fn spoken(script: &[Request]) -> (Vec<u8>, String, bool) {
    let script = with_portals(script);
    let late = late_copies(&script);
    let mut server = Server::new();
    let mut out = Vec::new();
    for (at, &said) in script.iter().enumerate() {
        server.read(number(at), said);
        let next = script.get(at + 1);
        let bound = match (said, next) {
            (Request::Bind(Fate::Fails), _) => "absent",
            (Request::Bind(_), Some(&Request::Execute(statement))) => {
                sql(statement, late.contains(&(at + 1, 0)))
            }
            (Request::Bind(Fate::WorksInFailed), _) => "COMMIT",
            _ => ROWS,
        };
        say(&mut out, said, bound, |nth| late.contains(&(at, nth)));
    }
    let answers = server.take();
    let answers = answers.iter().flat_map(|answer| {
        let status = answer.status.map(char::from);
        std::iter::once(char::from(answer.tag)).chain(status)
    });
    (out, answers.collect(), server.is_gone())
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap()
}

/// Execute and Describe of a portal need one: a Bind goes ahead.
fn with_portals(script: &[Request]) -> Vec<Request> {
    let mut whole = Vec::new();
    for &request in script {
        match request {
            Request::Execute(Statement::End) => whole.push(Request::Bind(Fate::WorksInFailed)),
            Request::Execute(_) | Request::Describe(Described::Portal) => {
                whole.push(Request::Bind(Fate::Works));
            }
            _ => {}
        }
        whole.push(request);
    }
    whole
}

/// Which COPYs, by message and place in it, fail at the end of their data.
fn late_copies(script: &[Request]) -> Vec<(usize, usize)> {
    let mut server = Server::new();
    let mut ended: HashMap<usize, usize> = HashMap::new();
    let mut late = Vec::new();
    for (at, &said) in script.iter().enumerate() {
        if let (Some(copy), Request::CopyDone(fate)) = (server.copy(), said) {
            let copy = usize::try_from(copy).unwrap();
            let nth = ended.entry(copy).or_default();
            if fate == Fate::Fails {
                late.push((copy, *nth));
            }
            *nth += 1;
        }
        server.read(number(at), said);
    }
    late
}

fn sql(statement: Statement, late: bool) -> &'static str {
    match statement {
        Statement::Rows => ROWS,
        Statement::Suspended => TWO_ROWS,
        Statement::Empty => "",
        Statement::Fails => FAILS,
        Statement::Doomed => DOOMED,
        Statement::Begin => "BEGIN",
        Statement::End => "COMMIT",
        Statement::CopyOut => COPY_OUT,
        Statement::CopyIn if late => LATE,
        Statement::CopyIn => GOOD,
        Statement::CopyInRefused => REFUSED,
    }
}

fn say(out: &mut Vec<u8>, said: Request, bound: &str, is_late: impl Fn(usize) -> bool) {
    match said {
        Request::Query(statements) => {
            let mut copies = 0;
            let mut sqls = Vec::new();
            for &statement in statements {
                sqls.push(sql(statement, is_late(copies)));
                copies += usize::from(statement == Statement::CopyIn);
            }
            request::query(out, &sqls.join("; "));
        }
        Request::FunctionCall(fate) => {
            let function = if fate == Fate::Fails { 0 } else { A_FUNCTION };
            // No formats, no arguments, a result in text.
            let body = [&function.to_be_bytes()[..], &[0; 6]].concat();
            tagged(out, tags::FUNCTION_CALL, &body);
        }
        Request::Parse(Fate::Works) => request::parse(out, "", ROWS, &[]),
        Request::Parse(Fate::WorksInFailed) => request::parse(out, "", "COMMIT", &[]),
        Request::Parse(Fate::Fails) => request::parse(out, "", "SELEC", &[]),
        Request::Bind(_) => request::bind_text(out, "", format!("s:{bound}"), &[]),
        Request::Describe(found) => describe(out, found),
        Request::Execute(statement) => {
            let rows = i32::from(statement == Statement::Suspended);
            request::execute(out, "", rows);
        }
        Request::Close => request::close_statement(out, "absent"),
        Request::Sync => request::sync(out),
        Request::Flush => request::flush(out),
        Request::CopyData(Fate::Fails) => tagged(out, tags::COPY_DATA, b"x\n"),
        Request::CopyData(_) => tagged(out, tags::COPY_DATA, b"1\n"),
        Request::CopyDone(_) => tagged(out, tags::COPY_DONE, b""),
        Request::CopyFail => tagged(out, tags::COPY_FAIL, b"told to\0"),
    }
}

fn describe(out: &mut Vec<u8>, found: Described) {
    match found {
        Described::Statement => request::describe_statement(out, format!("s:{ROWS}")),
        Described::StatementWithoutRows => request::describe_statement(out, "s:COMMIT"),
        Described::Nothing => request::describe_statement(out, "absent"),
        Described::Portal => tagged(out, tags::DESCRIBE, b"P\0"),
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    out.push(tag);
    let length = u32::try_from(body.len() + 4).unwrap();
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
}
