//! Faults between the pooler and PostgreSQL, at points of the protocol's conversation.
//!
//! A point is a message by its name in PostgreSQL's protocol chapter, such as `AuthenticationOk`; a
//! connection is held (or worse) just before it. The look-ups of users go through the same proxy:
//! points that come before a connection has said whose it is concern them too.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{given, then, when};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;
use crate::within::within;
use crate::words::ClientName;

/// Messages that come before the proxy knows whose connection it is.
const NAMELESS: [&str; 2] = ["SSLRequest", "SSLResponse"];

#[given("a fault proxy before PostgreSQL")]
async fn proxy(world: &mut Turnstile) -> Step {
    world.scene()?.put_proxy().await
}

/// The one that a genuine Toxiproxy can be, too.
#[given("a plain fault proxy before PostgreSQL")]
async fn plain_proxy(world: &mut Turnstile) -> Step {
    world.scene()?.put_plain_proxy().await
}

#[when(expr = "the proxy adds {int} ms of latency")]
async fn adds_latency(world: &mut Turnstile, milliseconds: u32) -> Step {
    Ok(world.scene()?.proxy()?.add_latency(milliseconds).await?)
}

/// Where the proxy can't know yet whose connection it is, it holds everybody's.
#[when(regex = r#"^the proxy holds ([a-z]+(?:(?:, | and )[a-z]+)*) at "([A-Za-z]+)"$"#)]
async fn holds(world: &mut Turnstile, users: String, point: String) -> Step {
    if NAMELESS.contains(&&*point) {
        let attributes = [("at", &*point), ("nth", "1")];
        return world.scene()?.place_fault("pg_hold", &attributes).await;
    }
    for user in table::list(&users) {
        let attributes = [("at", &*point), ("nth", "1"), ("user", user)];
        world.scene()?.place_fault("pg_hold", &attributes).await?;
    }
    Ok(())
}

/// Any type of the proxy's, with its attributes in the rows of a table.
#[when(expr = "the proxy does {word} at {string}")]
async fn does(world: &mut Turnstile, kind: String, point: String, step: &GherkinStep) -> Step {
    let mut attributes = vec![("at", &*point)];
    attributes.extend(more(step)?);
    world.scene()?.place_fault(&kind, &attributes).await
}

#[when(expr = "the proxy does {word} at {string} of {client}")]
async fn does_to_one(
    world: &mut Turnstile,
    kind: String,
    point: String,
    user: ClientName,
    step: &GherkinStep,
) -> Step {
    let mut attributes = whose(&point, &user);
    attributes.extend(more(step)?);
    world.scene()?.place_fault(&kind, &attributes).await
}

/// All of them, and nobody is held any more.
#[when("the proxy lets them go")]
async fn lets_go(world: &mut Turnstile) -> Step {
    Ok(world.scene()?.proxy()?.lift(Some("pg_hold")).await?)
}

/// The first who came; the others, and who comes next, are still held.
#[when(expr = "the proxy lets {int} go")]
async fn lets_some_go(world: &mut Turnstile, count: usize) -> Step {
    let released = world.scene()?.proxy()?.release(count).await?;
    expect("how many were let go", &released, &count)
}

#[when("the proxy's faults are lifted")]
async fn lifted(world: &mut Turnstile) -> Step {
    Ok(world.scene()?.proxy()?.lift(None).await?)
}

/// It refuses connections, and cuts those that are there.
#[when("the proxy goes down")]
async fn goes_down(world: &mut Turnstile) -> Step {
    Ok(world.scene()?.proxy()?.go_down().await?)
}

#[when("the proxy comes up")]
async fn comes_up(world: &mut Turnstile) -> Step {
    Ok(world.scene()?.proxy()?.come_up().await?)
}

#[then(expr = "within {int} s {int} connection(s) is/are held at {string}")]
async fn held(world: &mut Turnstile, seconds: u64, count: usize, point: String) -> Step {
    within(seconds, async || {
        let held = world.scene()?.proxy()?.holds().await?;
        let there = held.iter().filter(|held| held.message == point).count();
        expect(&format!("held at {point}"), &there, &count)
    })
    .await
}

/// For the author who wants to see it said; the scenario's end asks anyway.
#[then("the proxy's faults have fired")]
async fn fired(world: &mut Turnstile) -> Step {
    world.scene()?.faults_have_fired().await
}

#[given("the proxy's faults may stay unused")]
fn unused(world: &mut Turnstile) -> Step {
    world.scene()?.spare_faults = true;
    Ok(())
}

#[when("the proxy's connections are counted from here")]
async fn count_from_here(world: &mut Turnstile) -> Step {
    let count = world.scene()?.proxy()?.connections().await?;
    world
        .notes
        .insert("connections".to_owned(), count.to_string());
    Ok(())
}

#[then(expr = "the proxy has taken {int} to {int} connections since")]
async fn taken(world: &mut Turnstile, least: usize, most: usize) -> Step {
    let before = world
        .notes
        .get("connections")
        .and_then(|text| text.parse::<usize>().ok());
    let before = before.ok_or_else(|| Surprise::new("nothing was counted from anywhere"))?;
    let taken = world.scene()?.proxy()?.connections().await? - before;
    if (least..=most).contains(&taken) {
        return Ok(());
    }
    Err(Surprise::new(format!("it has taken {taken}")))
}

fn whose<'a>(point: &'a str, user: &'a ClientName) -> Vec<(&'a str, &'a str)> {
    let mut attributes = vec![("at", point), ("nth", "1")];
    if !NAMELESS.contains(&point) {
        attributes.push(("user", user.user()));
    }
    attributes
}

/// The rows of a step that may have none.
fn more(step: &GherkinStep) -> Step<Vec<(&str, &str)>> {
    match step.table {
        Some(_) => table::pairs(step),
        None => Ok(Vec::new()),
    }
}
