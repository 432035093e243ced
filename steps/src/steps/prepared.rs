//! Prepared statements through the driver; their parameters and results are text.

use cucumber::{then, when};

use crate::Turnstile;
use crate::surprise::{Step, expect};
use crate::words::{ClientName, Outcome};

#[when(expr = "{client} prepares {word} as {string}{outcome}")]
async fn prepares(
    world: &mut Turnstile,
    client: ClientName,
    name: String,
    sql: String,
    outcome: Outcome,
) -> Step {
    let sql = world.scene()?.names.localize(&sql);
    let result = world.client(&client)?.driver()?.prepare(&name, &sql).await;
    outcome.judge(result, |text| world.tidy(text))?;
    Ok(())
}

#[when(expr = "{client} executes {word} with {string} and gets {string}")]
#[then(expr = "{client} executes {word} with {string} and gets {string}")]
async fn executes(
    world: &mut Turnstile,
    client: ClientName,
    name: String,
    parameter: String,
    wanted: String,
) -> Step {
    let answer = world
        .client(&client)?
        .driver()?
        .execute(&name, &[&parameter])
        .await?;
    expect("the answer", &world.tidy(answer.cell()?), &wanted)
}
