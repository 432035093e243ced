//! The admin console: its columns, its commands, its counters.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{then, when};
use harness::client::{Session, compose};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;
use crate::within::within;
use crate::words::{ClientName, Outcome};

#[when(expr = "the console runs {string}{outcome}")]
#[then(expr = "the console runs {string}{outcome}")]
async fn runs(world: &mut Turnstile, command: String, outcome: Outcome) -> Step {
    let command = world.scene()?.names.localize(&command);
    let result = world.scene()?.console()?.ask(&command).await;
    outcome.judge(result, |text| world.tidy(text))?;
    Ok(())
}

/// Logs in by wire, for scenarios about the console's own protocol.
#[when(expr = "{client} connects to the console")]
async fn connects(world: &mut Turnstile, client: ClientName) -> Step {
    let wire = world.scene()?.console()?.wire(&world.trace).await?;
    world.enter(client, Session::Wire(Box::new(wire)));
    Ok(())
}

/// Exactly these columns in this order, each with its type's letter of the console's manual.
#[then(expr = "{string} has exactly the columns")]
async fn has_columns(world: &mut Turnstile, command: String, step: &GherkinStep) -> Step {
    let table = world.scene()?.console()?.ask(&command).await?;
    let found: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|column| vec![column.name.clone(), letter(column.kind).to_owned()])
        .collect();
    expect(&command, &found, &table::rows(step)?.to_vec())
}

/// Some rows of a two-column SHOW: name and value each.
#[then(expr = "{string} says")]
async fn says(world: &mut Turnstile, command: String, step: &GherkinStep) -> Step {
    pairs_of(world, &command, step).await
}

#[then(expr = "within {int} s {string} says")]
async fn says_within(
    world: &mut Turnstile,
    seconds: u64,
    command: String,
    step: &GherkinStep,
) -> Step {
    within(seconds, async || pairs_of(world, &command, step).await).await
}

async fn pairs_of(world: &mut Turnstile, command: &str, step: &GherkinStep) -> Step {
    let answer = world.scene()?.console()?.ask(command).await?;
    for (name, value) in table::pairs(step)? {
        let row = answer
            .rows
            .iter()
            .find(|row| row.first() == Some(&Some(name.to_owned())));
        let found = row
            .and_then(|row| row.get(1))
            .cloned()
            .flatten()
            .unwrap_or_default();
        expect(name, &found.as_str(), &value)?;
    }
    Ok(())
}

/// Counters of the scenario's one row: an exact value, or `at least N`, `at most N`.
#[then(expr = "the counters of {string} are")]
async fn counters_are(world: &mut Turnstile, command: String, step: &GherkinStep) -> Step {
    counters(world, &command, step).await
}

#[then(expr = "within {int} s the counters of {string} are")]
async fn counters_within(
    world: &mut Turnstile,
    seconds: u64,
    command: String,
    step: &GherkinStep,
) -> Step {
    within(seconds, async || counters(world, &command, step).await).await
}

#[then(expr = "the last row of {string} belongs to {string}")]
async fn last_row(world: &mut Turnstile, command: String, wanted: String) -> Step {
    let table = world.scene()?.console()?.ask(&command).await?;
    let found = table
        .rows
        .last()
        .and_then(|row| row.first())
        .cloned()
        .flatten();
    expect(&command, &found, &Some(wanted))
}

/// The first cell of the first row holds this text.
#[then(expr = "{string} begins with {string}")]
async fn begins_with(world: &mut Turnstile, command: String, text: String) -> Step {
    let table = world.scene()?.console()?.ask(&command).await?;
    let cell = table
        .rows
        .first()
        .and_then(|row| row.first())
        .cloned()
        .flatten();
    let cell = cell.unwrap_or_default();
    if cell.starts_with(&text) {
        return Ok(());
    }
    Err(Surprise::new(format!("{command} begins with {cell:?}")))
}

/// Rows of a SHOW, by the named columns, those of this scenario's users only.
#[then(expr = "{string} shows of the users")]
async fn shows_of_users(world: &mut Turnstile, command: String, step: &GherkinStep) -> Step {
    rows_of_users(world, &command, step).await
}

#[then(expr = "within {int} s {string} shows of the users")]
async fn shows_within(
    world: &mut Turnstile,
    seconds: u64,
    command: String,
    step: &GherkinStep,
) -> Step {
    within(seconds, async || rows_of_users(world, &command, step).await).await
}

/// The console's clients carry, each, the time of its connect and of its latest request.
#[then(expr = "within {int} s the request_time of {client} at the console moves on")]
async fn request_time_moves(world: &mut Turnstile, seconds: u64, client: ClientName) -> Step {
    within(seconds, async || {
        let wire = world.client(&client)?.wire()?;
        wire.send(&compose::query("SHOW VERSION")).await?;
        wire.answer().await?;
        let clients = world.scene()?.console()?.ask("SHOW CLIENTS").await?;
        let at_console = |row: &&Vec<_>| clients.cell(row, "database") == Some("pgbouncer");
        // The oldest one: the one that asks here has just come.
        let row = clients.rows.iter().find(at_console);
        let row = row.ok_or_else(|| Surprise::new("nobody is at the console"))?;
        let time = |name| clients.cell(row, name).unwrap_or_default();
        if time("request_time") > time("connect_time") {
            return Ok(());
        }
        Err(Surprise::new(format!(
            "connected {}, asked {}",
            time("connect_time"),
            time("request_time")
        )))
    })
    .await
}

/// A cancel request with the second client's key, on the first one's connection; nobody waits.
#[when(expr = "{client} asks to cancel {client}")]
async fn asks_to_cancel(world: &mut Turnstile, client: ClientName, other: ClientName) -> Step {
    let key = world.client(&other)?.wire()?.key.clone();
    let (pid, secret) = key.ok_or_else(|| Surprise::new("there is no key"))?;
    let request = compose::cancel(pid, &secret);
    Ok(world.client(&client)?.wire()?.send(&request).await?)
}

async fn rows_of_users(world: &mut Turnstile, command: &str, step: &GherkinStep) -> Step {
    let (heading, wanted) = table::headed(step)?;
    let answer = world.scene()?.console()?.ask(command).await?;
    let mut found: Vec<Vec<String>> = answer
        .rows
        .iter()
        .filter(|row| answer.cell(row, "database") != Some("pgbouncer"))
        .map(|row| {
            let cells = heading
                .iter()
                .map(|name| (name, answer.cell(row, name).unwrap_or("NULL")));
            cells
                .map(|(name, cell)| world.tidy(own(name, cell)))
                .collect()
        })
        .collect();
    found.sort();
    expect(command, &found, &wanted.to_vec())
}

async fn counters(world: &mut Turnstile, command: &str, step: &GherkinStep) -> Step {
    let answer = world.scene()?.console()?.ask(command).await?;
    let row = answer
        .rows
        .first()
        .ok_or_else(|| Surprise::new("no row came"))?;
    for (name, wanted) in table::pairs(step)? {
        let cell = answer.cell(row, name).unwrap_or("NULL");
        if !fits(cell, wanted) {
            return Err(Surprise::new(format!("{name} is {cell}, wanted {wanted}")));
        }
    }
    Ok(())
}

/// The process that runs the scenario, and its clients, is `own`.
fn own<'a>(column: &str, cell: &'a str) -> &'a str {
    if column == "remote_pid" && cell == std::process::id().to_string() {
        return "own";
    }
    cell
}

fn fits(cell: &str, wanted: &str) -> bool {
    let bound = |text: &str| Some((cell.parse::<i64>().ok()?, text.parse::<i64>().ok()?));
    if let Some(least) = wanted.strip_prefix("at least ") {
        return bound(least).is_some_and(|(found, least)| found >= least);
    }
    if let Some(most) = wanted.strip_prefix("at most ") {
        return bound(most).is_some_and(|(found, most)| found <= most);
    }
    cell == wanted
}

fn letter(kind: i32) -> &'static str {
    match kind {
        25 => "t",
        23 => "i",
        20 => "q",
        1700 => "n",
        17 => "b",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn bounds_and_values() {
        assert!(fits("3", "3") && fits("3", "at least 3") && fits("3", "at most 3"));
        assert!(!fits("3", "4") && !fits("3", "at least 4") && !fits("x", "at most 4"));
    }
}
