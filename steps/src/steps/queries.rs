//! Clients run SQL and get answers.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{given, then, when};
use harness::client::{Answer, Failure};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;
use crate::within::within;
use crate::words::{ClientName, Outcome};

#[given(expr = "{client} runs {string}{outcome}")]
#[when(expr = "{client} runs {string}{outcome}")]
#[then(expr = "{client} runs {string}{outcome}")]
async fn runs(world: &mut Turnstile, client: ClientName, sql: String, outcome: Outcome) -> Step {
    let result = run(world, &client, &sql).await?;
    outcome.judge(result, |text| world.tidy(text))?;
    Ok(())
}

/// One row: its cells joined by `|`; several rows are joined by `; `.
#[when(expr = "{client} runs {string} and gets {string}")]
#[then(expr = "{client} runs {string} and gets {string}")]
async fn runs_and_gets(
    world: &mut Turnstile,
    client: ClientName,
    sql: String,
    wanted: String,
) -> Step {
    let answer = run(world, &client, &sql).await??;
    expect("the answer", &world.tidy(&show(&answer)), &wanted)
}

#[then(expr = "within {int} s {client} runs {string} and gets {string}")]
async fn runs_within(
    world: &mut Turnstile,
    seconds: u64,
    client: ClientName,
    sql: String,
    wanted: String,
) -> Step {
    within(seconds, async || {
        let answer = run(world, &client, &sql).await??;
        expect("the answer", &world.tidy(&show(&answer)), &wanted)
    })
    .await
}

/// One row of each length, by itself: where a reply ends is what changes.
#[then(expr = "{client} reads a row of every length from {int} to {int} bytes")]
async fn reads_rows(world: &mut Turnstile, client: ClientName, from: usize, to: usize) -> Step {
    for length in from..=to {
        let sql = format!("select repeat('x', {length})");
        let answer = run(world, &client, &sql).await?;
        let answer = answer.map_err(|told| Surprise::new(format!("at {length} bytes: {told}")))?;
        expect("the length", &answer.cell()?.len(), &length)?;
    }
    Ok(())
}

#[when(expr = "{client} starts {string}")]
async fn starts(world: &mut Turnstile, client: ClientName, sql: String) -> Step {
    let sql = world.scene()?.names.localize(&sql);
    Ok(world.client(&client)?.start(&sql).await?)
}

#[then(expr = "{client}'s query ends{outcome}")]
async fn query_ends(world: &mut Turnstile, client: ClientName, outcome: Outcome) -> Step {
    let result = world.client(&client)?.finish().await;
    outcome.judge(result, |text| world.tidy(text))?;
    Ok(())
}

#[then(expr = "{client}'s query ends in failure")]
async fn query_fails(world: &mut Turnstile, client: ClientName) -> Step {
    match world.client(&client)?.finish().await {
        Err(_) => Ok(()),
        Ok(answer) => Err(Surprise::new(format!("it answered {}", show(&answer)))),
    }
}

#[then(expr = "{client}'s query answers {string}")]
async fn query_answers(world: &mut Turnstile, client: ClientName, wanted: String) -> Step {
    let answer = world.client(&client)?.finish().await?;
    expect("the answer", &world.tidy(&show(&answer)), &wanted)
}

#[when(expr = "{client} notes {string} as {word}")]
async fn notes(world: &mut Turnstile, client: ClientName, sql: String, note: String) -> Step {
    let answer = run(world, &client, &sql).await??;
    world.notes.insert(note, show(&answer));
    Ok(())
}

#[then(expr = "{client}'s {string} is the noted {word}")]
async fn is_noted(world: &mut Turnstile, client: ClientName, sql: String, note: String) -> Step {
    let answer = run(world, &client, &sql).await??;
    expect("the answer", &show(&answer), &noted(world, &note)?)
}

#[then(expr = "{client}'s {string} is not the noted {word}")]
async fn is_not_noted(
    world: &mut Turnstile,
    client: ClientName,
    sql: String,
    note: String,
) -> Step {
    let answer = run(world, &client, &sql).await??;
    if show(&answer) == noted(world, &note)? {
        return Err(Surprise::new(format!(
            "it is the noted {note}: {}",
            show(&answer)
        )));
    }
    Ok(())
}

/// Rows of client, SQL and answer, one after the other.
#[then("the clients get")]
async fn clients_get(world: &mut Turnstile, step: &GherkinStep) -> Step {
    for row in table::rows(step)? {
        let [client, sql, wanted] = &row[..] else {
            return Err(Surprise::new("the table needs client, SQL and answer"));
        };
        let Ok(client) = client.parse::<ClientName>();
        let answer = run(world, &client, sql).await??;
        expect(
            &format!("{client}'s {sql}"),
            &world.tidy(&show(&answer)),
            wanted,
        )?;
    }
    Ok(())
}

async fn run(
    world: &mut Turnstile,
    client: &ClientName,
    sql: &str,
) -> Step<Result<Answer, Failure>> {
    let sql = world.scene()?.names.localize(sql);
    Ok(world.client(client)?.run(&sql).await)
}

fn noted(world: &Turnstile, note: &str) -> Step<String> {
    world
        .notes
        .get(note)
        .cloned()
        .ok_or_else(|| Surprise::new(format!("nobody noted {note}")))
}

fn show(answer: &Answer) -> String {
    let row = |row: &Vec<Option<String>>| {
        let cells: Vec<&str> = row
            .iter()
            .map(|cell| cell.as_deref().unwrap_or("NULL"))
            .collect();
        cells.join("|")
    };
    let rows: Vec<String> = answer.rows.iter().map(row).collect();
    rows.join("; ")
}
