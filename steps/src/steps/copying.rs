//! COPY through the driver, in amounts that fill buffers.

use cucumber::{then, when};
use harness::client::{Trace, Wire};

use crate::Turnstile;
use crate::scene::{DATABASE, Scene};
use crate::surprise::{Step, Surprise, expect};
use crate::within::within;
use crate::words::{ClientName, Manner, Outcome};

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

/// Its server ends under it, again and again; each time it has to be told so, and not just cut off.
#[when(expr = "{client} loses its server in the middle of a COPY into {word}, {int} times")]
async fn loses_server(
    world: &mut Turnstile,
    client: ClientName,
    table: String,
    times: usize,
) -> Step {
    let line = |at: u64| format!("{at}\t{:1000}\n", "long");
    let trace = Trace::default();
    for round in 1..=times {
        let scene = world.scene()?;
        let login = scene.login(&client, &Manner::default())?;
        let mut wire = Wire::connect("copying", &login, &trace).await?;
        let sql = format!("COPY {table} FROM STDIN");
        let copying = wire.copy_in(&sql, 1_000_000, line);
        let (copied, ended) = tokio::join!(copying, terminate_copies(scene));
        ended?;
        match copied {
            Err(failure) if failure.sqlstate.is_some() => {}
            other => return Err(Surprise::new(format!("round {round}: {other:?}"))),
        }
    }
    Ok(())
}

/// Waits until a COPY is running, and terminates its backend.
async fn terminate_copies(scene: &Scene) -> Step {
    let admin = scene.instance().connect("postgres").await?;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_copy WHERE datname = $1 \
               AND tuples_processed > 200";
    let database = scene.names.own(DATABASE);
    within(20, async || {
        let ended = admin.query(sql, &[&database]).await;
        let ended = ended.map_err(harness::Error::from)?;
        expect("backends terminated", &ended.len(), &1)
    })
    .await
}

#[then(expr = "{client} copies {int} rows out of {word}")]
async fn copies_out(world: &mut Turnstile, client: ClientName, rows: usize, table: String) -> Step {
    let sql = format!("COPY {table} TO STDOUT");
    let lines = world.client(&client)?.driver()?.copy_out(&sql).await?;
    expect("the rows that came", &lines, &rows)
}
