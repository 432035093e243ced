//! What SHOW POOLS says, as the table of a feature states it: all rows, no more, no fewer.

use std::collections::BTreeSet;

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{then, when};
use harness::console::Table;

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;
use crate::within::within;

/// Columns that features call by a shorter name are sums of PgBouncer's.
const SUMS: [(&str, &[&str]); 3] = [
    ("clients", &["cl_active", "cl_waiting"]),
    ("waiting", &["cl_waiting"]),
    (
        "servers",
        &[
            "sv_active",
            "sv_active_cancel",
            "sv_being_canceled",
            "sv_idle",
            "sv_used",
            "sv_tested",
        ],
    ),
];

#[then("the pools are")]
async fn pools_are(world: &mut Turnstile, step: &GherkinStep) -> Step {
    compare(world, step).await
}

#[then(expr = "within {int} s the pools are")]
async fn pools_are_within(world: &mut Turnstile, seconds: u64, step: &GherkinStep) -> Step {
    within(seconds, async || compare(world, step).await).await
}

#[then("there are no pools")]
async fn no_pools(world: &mut Turnstile) -> Step {
    expect("the pools", &users(world).await?, &BTreeSet::new())
}

#[then(expr = "within {int} s there are no pools")]
async fn no_pools_within(world: &mut Turnstile, seconds: u64) -> Step {
    within(seconds, async || {
        expect("the pools", &users(world).await?, &BTreeSet::new())
    })
    .await
}

#[then(expr = "after {int} more sweeps the pools are")]
async fn after_sweeps(world: &mut Turnstile, count: i64, step: &GherkinStep) -> Step {
    pass_sweeps(world, count).await?;
    compare(world, step).await
}

#[when(expr = "{int} sweep(s) has/have passed")]
async fn sweeps_passed(world: &mut Turnstile, count: i64) -> Step {
    pass_sweeps(world, count).await
}

/// Asks over and over until the sweep counter has grown by `count`.
async fn pass_sweeps(world: &mut Turnstile, count: i64) -> Step {
    let before = sweeps(world).await?;
    within(20, async || match sweeps(world).await? - before {
        passed if passed >= count => Ok(()),
        passed => Err(Surprise::new(format!("only {passed} sweeps have passed"))),
    })
    .await
}

async fn sweeps(world: &mut Turnstile) -> Step<i64> {
    let table = world.scene()?.console()?.ask("SHOW AUTH_QUERY").await?;
    let row = table
        .rows
        .first()
        .ok_or_else(|| Surprise::new("SHOW AUTH_QUERY has no row"))?;
    let cell = table.cell(row, "gc_sweeps").unwrap_or_default();
    cell.parse()
        .map_err(|_| Surprise::new(format!("gc_sweeps is {cell:?}")))
}

async fn compare(world: &mut Turnstile, step: &GherkinStep) -> Step {
    let (heading, rows) = table::headed(step)?;
    let wanted: BTreeSet<Vec<String>> = rows.iter().cloned().collect();
    let pools = pools(world).await?;
    let found = pools.rows.iter().map(|row| {
        let cells = heading
            .iter()
            .map(|column| world.tidy(&value(&pools, row, column)));
        cells.collect::<Vec<String>>()
    });
    expect("the pools", &found.collect(), &wanted)
}

async fn users(world: &mut Turnstile) -> Step<BTreeSet<String>> {
    let pools = pools(world).await?;
    let users = pools
        .rows
        .iter()
        .map(|row| world.tidy(&value(&pools, row, "user")));
    Ok(users.collect())
}

/// SHOW POOLS without the console's own row.
async fn pools(world: &mut Turnstile) -> Step<Table> {
    let mut table = world.scene()?.console()?.ask("SHOW POOLS").await?;
    table
        .rows
        .retain(|row| row.first() != Some(&Some("pgbouncer".to_owned())));
    Ok(table)
}

fn value(table: &Table, row: &[Option<String>], column: &str) -> String {
    let Some((_, parts)) = SUMS.iter().find(|(name, _)| *name == column) else {
        return table.cell(row, column).unwrap_or("NULL").to_owned();
    };
    let number = |part: &&str| {
        table
            .cell(row, part)
            .and_then(|cell| cell.parse::<i64>().ok())
    };
    parts
        .iter()
        .map(|part| number(part).unwrap_or(0))
        .sum::<i64>()
        .to_string()
}
