//! What happens at PostgreSQL, beside the pooler.

use cucumber::{given, then, when};
use harness::client::{Driver, Session};
use harness::relay::Relay;
use harness::serverlog::most_sessions;
use harness::{Method, Mode};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::within::within;
use crate::words::ClientName;

/// The client that is a superuser's own session.
const SUPERUSER: &str = "superuser";

#[given(expr = "PostgreSQL runs {string}")]
#[when(expr = "PostgreSQL runs {string}")]
async fn runs(world: &mut Turnstile, sql: String) -> Step {
    world.scene()?.run_as_superuser(&sql).await
}

/// The role has it and `PostgreSQL` knows it; clients give it from now on.
#[when(expr = "the password of {client} becomes {string}")]
async fn password_becomes(world: &mut Turnstile, user: ClientName, password: String) -> Step {
    let scene = world.scene()?;
    scene.names.set_password(user.user(), &password);
    let role = scene.names.own(user.user());
    Ok(scene
        .instance()
        .set_password(&role, &password, Method::Scram)
        .await?)
}

#[when("PostgreSQL restarts")]
async fn restarts(world: &mut Turnstile) -> Step {
    Ok(world.scene()?.own_instance()?.restart().await?)
}

#[when("PostgreSQL is killed")]
async fn is_killed(world: &mut Turnstile) -> Step {
    let scene = world.scene()?;
    scene.own_instance()?.kill9().await?;
    scene.up = false;
    Ok(())
}

#[when("PostgreSQL stops")]
async fn stops(world: &mut Turnstile) -> Step {
    let scene = world.scene()?;
    scene.own_instance()?.stop(Mode::Fast).await?;
    scene.up = false;
    Ok(())
}

#[when("PostgreSQL starts again")]
async fn starts_again(world: &mut Turnstile) -> Step {
    let scene = world.scene()?;
    scene.own_instance()?.start_again().await?;
    scene.up = true;
    Ok(())
}

#[when(expr = "every session of {client} is terminated")]
async fn terminates(world: &mut Turnstile, user: ClientName) -> Step {
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity where usename = ':role'";
    world
        .scene()?
        .run_as_superuser(&sql.replace("role", user.user()))
        .await
}

/// The lock is held by a session of its own, straight at `PostgreSQL`.
#[when(expr = "a superuser holds a lock on {word}")]
async fn holds_lock(world: &mut Turnstile, table: String) -> Step {
    let mut login = world.scene()?.superuser_login();
    login.database = world.scene()?.names.own(crate::scene::DATABASE);
    let mut session = Session::Driver(Driver::connect(&login).await?);
    session.run(&format!("begin; lock table {table}")).await?;
    let Ok(name) = SUPERUSER.parse();
    world.enter(name, session);
    Ok(())
}

#[when("the superuser lets go")]
async fn lets_go(world: &mut Turnstile) -> Step {
    let Ok(name) = SUPERUSER.parse();
    world.take_client(&name)?.leave().await;
    Ok(())
}

/// Before the pooler is started: its servers are reached through a relay.
#[given("a relay before PostgreSQL")]
async fn relay(world: &mut Turnstile) -> Step {
    let scene = world.scene()?;
    let upstream = scene.superuser_login().endpoint;
    let relay = Relay::start(upstream).await?;
    scene.database()?.port = relay.port();
    scene.relay = Some(relay);
    Ok(())
}

#[when("the relay falls silent")]
fn falls_silent(world: &mut Turnstile) -> Step {
    relay_of(world)?.fall_silent();
    Ok(())
}

#[when("the relay answers again")]
fn answers_again(world: &mut Turnstile) -> Step {
    relay_of(world)?.answer_again();
    Ok(())
}

#[when("the relay cuts every connection")]
fn cuts(world: &mut Turnstile) -> Step {
    relay_of(world)?.cut();
    Ok(())
}

#[then(expr = "the relay has left {int} to {int} connections without an answer")]
fn left_unanswered(world: &mut Turnstile, least: usize, most: usize) -> Step {
    let count = relay_of(world)?.unanswered();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(Surprise::new(format!(
        "it has left {count} without an answer"
    )))
}

/// By its log, over its whole life.
#[then(expr = "PostgreSQL has never had more than {int} session(s) of {client}")]
async fn never_more(world: &mut Turnstile, most: usize, user: ClientName) -> Step {
    let scene = world.scene()?;
    let log = std::fs::read_to_string(scene.instance().log_path().await?)?;
    let found = most_sessions(&log, &scene.names.own(user.user()));
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(Surprise::new(format!("it has had {found}")))
}

fn relay_of(world: &mut Turnstile) -> Step<&Relay> {
    world
        .scene()?
        .relay
        .as_ref()
        .ok_or_else(|| Surprise::new("there is no relay"))
}

/// Sessions whose running query holds this text; the one that counts is not among them.
#[then(expr = "within {int} s PostgreSQL runs {int} query/queries with {string}")]
async fn runs_queries(world: &mut Turnstile, seconds: u64, count: i64, text: String) -> Step {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = ':app' and state = 'active' \
         and pid <> pg_backend_pid() and strpos(query, {}) > 0",
        harness::names::literal(&text)
    );
    within(seconds, async || {
        expect("the queries", &ask(world, &sql).await?, &count)
    })
    .await
}

#[then(expr = "within {int} s PostgreSQL has {int} session(s) of {client}")]
async fn has_sessions(world: &mut Turnstile, seconds: u64, count: i64, user: ClientName) -> Step {
    let sql = "select count(*) from pg_stat_activity where usename = ':role'";
    let sql = sql.replace("role", user.user());
    within(seconds, async || {
        expect("the sessions", &ask(world, &sql).await?, &count)
    })
    .await
}

#[then(expr = "within {int} s PostgreSQL answers {string} with {int}")]
async fn answers(world: &mut Turnstile, seconds: u64, sql: String, count: i64) -> Step {
    within(seconds, async || {
        expect(&sql, &ask(world, &sql).await?, &count)
    })
    .await
}

/// Asks for one number as superuser in the scenario's database.
async fn ask(world: &mut Turnstile, sql: &str) -> Step<i64> {
    let scene = world.scene()?;
    let database = scene.names.own(crate::scene::DATABASE);
    let client = scene.instance().connect(&database).await?;
    let row = client.query_one(&scene.names.localize(sql), &[]).await;
    let row = row.map_err(|error| Surprise::new(format!("PostgreSQL: {error}")))?;
    row.try_get(0)
        .map_err(|error| Surprise::new(error.to_string()))
}
