//! COPY through the driver, in amounts that fill buffers.

use cucumber::{then, when};

use crate::Turnstile;
use crate::surprise::{Step, expect};
use crate::words::{ClientName, Outcome};

/// Rows of a number and a text; the table has such columns.
#[when(expr = "{client} copies {int} rows into {word}{outcome}")]
async fn copies_in(
    world: &mut Turnstile,
    client: ClientName,
    rows: u64,
    table: String,
    outcome: Outcome,
) -> Step {
    let sql = format!("COPY {table} FROM STDIN");
    let line = |at: u64| format!("{at}\tthe text of row {at}\n");
    let result = world
        .client(&client)?
        .driver()?
        .copy_in(&sql, rows, line)
        .await;
    if let Some(taken) = outcome.judge(result, |text| world.tidy(text))? {
        expect("the rows taken", &taken, &rows)?;
    }
    Ok(())
}

/// The row in the middle has no number where one is needed.
#[when(expr = "{client} copies {int} rows with a bad one into {word}{outcome}")]
async fn copies_bad(
    world: &mut Turnstile,
    client: ClientName,
    rows: u64,
    table: String,
    outcome: Outcome,
) -> Step {
    let sql = format!("COPY {table} FROM STDIN");
    let line = |at: u64| {
        if at == rows / 2 {
            "x\tx\n".to_owned()
        } else {
            format!("{at}\tx\n")
        }
    };
    let result = world
        .client(&client)?
        .driver()?
        .copy_in(&sql, rows, line)
        .await;
    outcome.judge(result, |text| world.tidy(text))?;
    Ok(())
}

#[then(expr = "{client} copies {int} rows out of {word}")]
async fn copies_out(world: &mut Turnstile, client: ClientName, rows: usize, table: String) -> Step {
    let sql = format!("COPY {table} TO STDOUT");
    let lines = world.client(&client)?.driver()?.copy_out(&sql).await?;
    expect("the rows that came", &lines, &rows)
}
