//! Many clients at once: logins that come in the same moment.

use std::collections::BTreeMap;
use std::time::Duration;

use cucumber::{given, then, when};
use futures::future::join_all;
use harness::Method;
use harness::client::{Driver, Failure, Login, Session};
use tokio::time::Instant;

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::words::{ClientName, Manner, Outcome};

/// Users called `u` and a run of letters, so that each is a word of its own.
#[given(expr = "{int} more users with {word} secrets")]
async fn many_users(world: &mut Turnstile, count: usize, method: String) -> Step {
    let method = if method == "MD5" {
        Method::Md5
    } else {
        Method::Scram
    };
    let users: Vec<String> = (0..count).map(user_name).collect();
    world.scene()?.add_users(&users, method).await
}

/// All logins are under way before the first can be done; they stay connected.
#[when(expr = "{int} clients of {client} log in at once")]
async fn clients_at_once(world: &mut Turnstile, count: usize, user: ClientName) -> Step {
    let login = world.scene()?.login(&user, &Manner::default())?;
    world.crowd = log_in_all(vec![login; count]).await;
    Ok(())
}

#[when(expr = "all {int} users log in at once")]
async fn users_at_once(world: &mut Turnstile, count: usize) -> Step {
    let mut logins = Vec::new();
    for at in 0..count {
        let Ok(name) = user_name(at).parse::<ClientName>();
        logins.push(world.scene()?.login(&name, &Manner::default())?);
    }
    world.crowd = log_in_all(logins).await;
    Ok(())
}

/// Called `alice#1`, `alice#2` and so on. Nobody waits for them; `all of them get in` does.
#[when(expr = "{int} clients of {client} begin to connect")]
fn begin(world: &mut Turnstile, count: usize, user: ClientName) -> Step {
    let login = world.scene()?.login(&user, &Manner::default())?;
    for number in 1..=count {
        let Ok(name) = format!("{user}#{number}").parse();
        let login = login.clone();
        world.arriving.insert(name, tokio::spawn(drive(login)));
    }
    Ok(())
}

/// Everybody who has begun and not got in yet; all must end so, and they are the crowd now.
#[then(expr = "within {int} s all of them get in{outcome}")]
async fn all_get_in(world: &mut Turnstile, seconds: u64, outcome: Outcome) -> Step {
    let logins = join_all(std::mem::take(&mut world.arriving).into_values());
    let limit = Duration::from_secs(seconds);
    let ends = tokio::time::timeout(limit, logins).await;
    let ends = ends.map_err(|_| Surprise::new(format!("not all within {seconds} s")))?;
    if ends.is_empty() {
        return Err(Surprise::new("nobody has begun to connect"));
    }
    world.crowd.clear();
    for end in ends {
        let result = end.map_err(|error| Surprise::new(error.to_string()))?;
        if let Some(session) = outcome.judge(result, |text| world.tidy(text))? {
            world.crowd.push(Ok(session));
        }
    }
    Ok(())
}

#[then("all of them succeed")]
fn all_succeed(world: &mut Turnstile) -> Step {
    expect("the logins that failed", &failures(world), &BTreeMap::new())
}

#[then(expr = "all of them fail with SQLSTATE {word}")]
fn all_fail(world: &mut Turnstile, code: String) -> Step {
    let wanted = BTreeMap::from([(code, world.crowd.len())]);
    expect("the logins that failed", &failures(world), &wanted)
}

#[then(expr = "each of them runs {string}")]
async fn each_runs(world: &mut Turnstile, sql: String) -> Step {
    let sql = world.scene()?.names.localize(&sql);
    let sessions = world
        .crowd
        .iter_mut()
        .filter_map(|login| login.as_mut().ok());
    for answer in join_all(sessions.map(|session| session.run(&sql))).await {
        answer?;
    }
    Ok(())
}

#[when("all of them disconnect")]
async fn all_disconnect(world: &mut Turnstile) -> Step {
    let crowd = std::mem::take(&mut world.crowd);
    join_all(crowd.into_iter().flatten().map(Session::leave)).await;
    Ok(())
}

/// The whole crowd, so the slowest of them.
#[when(expr = "{int} clients of {client} log in at once within {int} s")]
async fn at_once_within(
    world: &mut Turnstile,
    count: usize,
    user: ClientName,
    seconds: u64,
) -> Step {
    let login = world.scene()?.login(&user, &Manner::default())?;
    let start = Instant::now();
    world.crowd = log_in_all(vec![login; count]).await;
    if start.elapsed() > Duration::from_secs(seconds) {
        return Err(Surprise::new(format!("it took {:?}", start.elapsed())));
    }
    Ok(())
}

async fn log_in_all(logins: Vec<Login>) -> Vec<Result<Session, Failure>> {
    let tasks = logins.into_iter().map(|login| tokio::spawn(drive(login)));
    let ends = join_all(tasks.collect::<Vec<_>>()).await;
    let ended = |end: Result<_, tokio::task::JoinError>| {
        end.unwrap_or_else(|error| Err(Failure::local(error.to_string())))
    };
    ends.into_iter().map(ended).collect()
}

async fn drive(login: Login) -> Result<Session, Failure> {
    Driver::connect(&login).await.map(Session::Driver)
}

/// How many logins failed with which code; an empty code is a connection that broke.
fn failures(world: &Turnstile) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for failure in world.crowd.iter().filter_map(|login| login.as_ref().err()) {
        let code = failure
            .sqlstate
            .clone()
            .unwrap_or_else(|| failure.message.clone());
        *counts.entry(code).or_insert(0) += 1;
    }
    counts
}

fn user_name(at: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
    [
        letter(20),
        letter(at / 26 / 26),
        letter(at / 26),
        letter(at),
    ]
    .iter()
    .collect()
}
