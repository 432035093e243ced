//! Clients without faults: all that they do succeeds, and they do all that they can.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chaos::ground::{
    ACCOUNTS, CACHE_TTL, CLIENT_LOGIN_TIMEOUT, Changes, Ground, OPENING_BALANCE, POOL_SIZE,
    QUERY_WAIT_TIMEOUT, Site,
};
use chaos::history::{
    History, How, Leaving, Op, Outcome, Password, Phase, Recorder, Setting, What, Work,
};
use chaos::judge;
use chaos::plan::Order;
use chaos::work::{Counts, Troupe};
use harness::{PoolerKind, Provider, scratch};
use tokio::time::{Instant, sleep};

const ORDER: Order = Order {
    seed: 7,
    seconds: 0,
    clients: 24,
    users: 8,
};
/// Far below what a slow machine does.
const FEWEST_A_SECOND: u64 = 40;
/// How long they also leave rudely and come with wrong passwords.
const STORMY: Duration = Duration::from_secs(2);
/// From here on they only do what succeeds.
const QUIET: Duration = Duration::from_millis(1_100);
/// Until every client has been through every kind of work once more.
const CALM_WITHIN: Duration = Duration::from_secs(30);
const LEAVES_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_without_faults_succeeds() {
    let folder = scratch::folder("chaos").expect("a folder");
    let recorder = Recorder::begin(&folder.join("events.jsonl")).expect("a file");
    let site = Site {
        provider: Provider::Local,
        kind: PoolerKind::Pgturnstile,
        changes: Changes::default(),
        folder: folder.clone(),
    };
    let ground = Arc::new(Ground::prepare(site, &ORDER).await.expect("a ground"));
    recorder.note(What::Began(setting(&ground)));
    recorder.note(phase(Phase::WarmUp));
    let troupe = Troupe::begin(Arc::clone(&ground), recorder.clone(), &ORDER);
    let begun = Instant::now();
    sleep(STORMY).await;
    let stormy = troupe.counts();
    recorder.note(phase(Phase::Calm));
    troupe.calm();
    let calm_from = recorder.len();
    until_all_is_done(&recorder, calm_from).await;
    recorder.note(phase(Phase::Quiet));
    sleep(QUIET).await;
    let (counts, took) = (troupe.counts(), begun.elapsed());
    recorder.note(phase(Phase::Leaving));
    troupe.leave(LEAVES_WITHIN).await;
    recorder.note(What::Final(ground.contents().await.expect("contents")));
    let history = History::of(recorder.events());

    println!("{counts:?} in {took:?}; before the calm {stormy:?}");
    judge_pace(counts, took);
    judge_outcomes(&history);
    judge_sessions(&history);
    judge_kinds(&history, 0);
    judge_contents(&history);
    for verdict in judge::all_of(&history) {
        assert!(verdict.is_content(), "{verdict:#?}");
    }
    let ground = Arc::try_unwrap(ground).expect("nobody else holds it");
    ground.clear().await.expect("cleared");
    std::fs::remove_dir_all(folder).expect("removed");
}

fn phase(phase: Phase) -> What {
    What::Phase { phase }
}

fn setting(ground: &Ground) -> Setting {
    let users = ground.users.iter();
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).expect("small");
    Setting {
        seed: ORDER.seed,
        pooler: ground.site.kind.name().to_owned(),
        provider: ground.site.provider.name().to_owned(),
        clients: ORDER.clients,
        users: users
            .map(|user| (user.name.clone(), format!("{:?}", user.method)))
            .collect(),
        pool_size: POOL_SIZE,
        accounts: ACCOUNTS,
        opening_balance: OPENING_BALANCE,
        client_login_timeout_ms: milliseconds(CLIENT_LOGIN_TIMEOUT),
        query_wait_timeout_ms: milliseconds(QUERY_WAIT_TIMEOUT),
        cache_ttl_ms: milliseconds(CACHE_TTL),
        ..Setting::default()
    }
}

/// Waits until each user has logged in and each kind of work and each way to ask has succeeded.
async fn until_all_is_done(recorder: &Recorder, from: usize) {
    let deadline = Instant::now() + CALM_WITHIN;
    loop {
        sleep(Duration::from_millis(100)).await;
        let events = recorder.events();
        let history = History::of(events[from..].to_vec());
        let users: BTreeSet<&str> = history.sessions.values().map(|s| &*s.user).collect();
        if kinds(&history).len() == everything().len() && users.len() == ORDER.users {
            return;
        }
        assert!(Instant::now() < deadline, "done: {:?}", kinds(&history));
    }
}

fn judge_pace(counts: Counts, took: Duration) {
    let requests = counts.ok + counts.failed;
    assert!(requests > FEWEST_A_SECOND * took.as_secs(), "{counts:?}");
    assert!(counts.logins > u64::try_from(ORDER.clients).expect("small"));
    assert!(counts.refused > 0, "wrong passwords are refused");
}

/// Only what a serializable transaction, or a lock, has to be refused with.
fn judge_outcomes(history: &History) {
    for op in &history.ops {
        let (_, answer) = op.answer.as_ref().expect("every request is answered");
        if let Outcome::Failed { failure, .. } = &answer.outcome {
            let code = failure.sqlstate.as_deref();
            assert!(matches!(code, Some("40001" | "40P01")), "{op:?}");
        }
        if let Outcome::Rows { rows } = &answer.outcome {
            judge_rows(history, op, rows);
        }
    }
    let answers = history.events.iter().filter_map(|event| match event.what {
        What::Answered { op, .. } => Some(op),
        _ => None,
    });
    let answers: Vec<u64> = answers.collect();
    let once: BTreeSet<&u64> = answers.iter().collect();
    assert_eq!(answers.len(), once.len(), "each is answered once");
    assert_eq!(once.len(), history.ops.len());
}

fn judge_rows(history: &History, op: &Op, rows: &[chaos::history::Row]) {
    let (token, count) = match &op.work {
        Work::Ask { token, rows, .. } => (token, *rows),
        Work::Mark { token } | Work::Cancelled { token } => (token, 1),
        other => panic!("rows for {other:?}"),
    };
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    for row in rows {
        assert_eq!((&row.token, &*row.origin.user), (token, history.user(op)));
        let mark = &row.origin.mark;
        assert!(mark.is_empty() || mark == history.client(op), "{op:?}");
    }
}

fn judge_sessions(history: &History) {
    let mut left = BTreeMap::new();
    for session in history.sessions.values() {
        let (_, login) = session.login.as_ref().expect("every login is decided");
        match (session.password, login) {
            (Password::Right, Ok(())) => {
                let (_, how) = session.left.expect("every session ends");
                *left.entry(how_word(how)).or_insert(0) += 1;
            }
            (Password::Wrong, Err(failure)) => {
                assert_eq!(failure.sqlstate.as_deref(), Some("28P01"));
            }
            _ => panic!("{session:?}"),
        }
    }
    println!("left: {left:?}");
    assert!(!left.contains_key("thrown"), "{left:?}");
    assert!(
        left.contains_key("polite") && left.contains_key("rude"),
        "{left:?}"
    );
}

fn how_word(how: Leaving) -> &'static str {
    match how {
        Leaving::Polite => "polite",
        Leaving::Rude => "rude",
        Leaving::RudeInAction => "rude in action",
        Leaving::Thrown => "thrown",
    }
}

fn judge_kinds(history: &History, fewest: usize) {
    let done = kinds(history);
    println!("done: {done:?}");
    for word in everything() {
        assert!(
            done.get(&word).is_some_and(|count| *count > fewest),
            "{word}"
        );
    }
}

/// How often each kind of work has succeeded, and each way to ask.
fn kinds(history: &History) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for op in &history.ops {
        let Some((_, answer)) = &op.answer else {
            continue;
        };
        if !matches!(answer.outcome, Outcome::Failed { .. } | Outcome::Abandoned) {
            *kinds.entry(word(&op.work)).or_default() += 1;
        }
    }
    kinds
}

fn word(work: &Work) -> String {
    match work {
        Work::Ask { how, .. } => format!("ask {how:?}"),
        other => other.kind().to_owned(),
    }
}

fn everything() -> Vec<String> {
    let ways = [
        How::Simple,
        How::Prepared,
        How::Unnamed,
        How::Pipelined,
        How::Transaction,
    ];
    let ways = ways.map(|how| format!("ask {how:?}"));
    let kinds = Work::KINDS.iter().filter(|kind| **kind != "ask");
    ways.into_iter()
        .chain(kinds.map(|kind| (*kind).to_owned()))
        .collect()
}

/// No money is lost, and what was acknowledged is there.
fn judge_contents(history: &History) {
    let contents = history.contents.as_ref().expect("contents");
    let sum: i64 = contents.accounts.iter().sum();
    assert_eq!(sum, i64::from(ACCOUNTS) * OPENING_BALANCE);
    let transfers: BTreeSet<&str> = contents.transfers.iter().map(|t| &*t.token).collect();
    let letters: BTreeSet<&str> = contents.mail.iter().map(|(token, _)| &**token).collect();
    let lists: BTreeMap<u32, &Vec<u64>> = contents
        .lists
        .iter()
        .map(|(id, items)| (*id, items))
        .collect();
    for op in &history.ops {
        let Some((_, answer)) = &op.answer else {
            continue;
        };
        match (&op.work, &answer.outcome) {
            (Work::Transfer { token, .. }, Outcome::Written) => {
                assert!(transfers.contains(&**token), "{token}");
            }
            (Work::Transfer { token, .. }, Outcome::Failed { .. }) => {
                assert!(!transfers.contains(&**token), "{token}");
            }
            (Work::CopyIn { token, rows }, Outcome::Written) => {
                assert_eq!(contents.loads.get(token), Some(rows), "{token}");
            }
            (Work::Mail { token }, Outcome::Mail { letters: seen, .. }) => {
                assert!(letters.contains(&**token), "{token}");
                let owner = history.user(op);
                assert!(seen.iter().all(|(whose, _)| whose == owner), "{seen:?}");
                assert!(seen.iter().any(|(_, letter)| letter == token), "{seen:?}");
            }
            (Work::Lists { steps }, Outcome::Lists { .. }) => {
                for step in steps {
                    if let chaos::history::ListStep::Append { list, value } = step {
                        assert!(lists.get(list).is_some_and(|items| items.contains(value)));
                    }
                }
            }
            (Work::Total, Outcome::Total { sum: seen }) => assert_eq!(*seen, sum),
            _ => {}
        }
    }
}
