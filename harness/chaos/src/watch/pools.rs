//! What the pooler says of itself.

use std::collections::BTreeMap;

use harness::PoolerKind;
use harness::client::{Failure, Trace, Wire, compose};
use harness::console::Table;

use crate::ground::Ground;
use crate::history::PoolRow;

type Said = (BTreeMap<String, i64>, Vec<PoolRow>);

/// SHOW INTERNALS (ours only) and SHOW POOLS; nothing of what can't be asked. The connection is not
/// kept: a drain would wait for it.
pub(super) async fn look(ground: &Ground) -> Said {
    said(ground).await.unwrap_or_default()
}

async fn said(ground: &Ground) -> Result<Said, Failure> {
    let Some(console) = ground.console().await else {
        return Ok(Said::default());
    };
    let mut wire = console.wire(&Trace::default()).await?;
    let internals = if ground.site.kind == PoolerKind::Pgturnstile {
        show(&mut wire, "SHOW INTERNALS").await?.numbers()
    } else {
        BTreeMap::new()
    };
    let pools = show(&mut wire, "SHOW POOLS").await?;
    wire.leave().await;
    let rows = pools.rows.iter().map(|cells| row(&pools, cells));
    // The console's own row is no pool.
    let rows = rows.filter(|row| row.database == crate::ground::DATABASE);
    Ok((internals, rows.collect()))
}

async fn show(wire: &mut Wire, command: &str) -> Result<Table, Failure> {
    wire.send(&compose::query(command)).await?;
    let mut table = Table::default();
    for message in wire.until_ready().await? {
        match message.tag {
            b'T' => table.columns = message.columns(),
            b'D' => table.rows.push(message.cells()),
            b'E' => return Err(message.failure()),
            _ => {}
        }
    }
    Ok(table)
}

fn row(table: &Table, cells: &[Option<String>]) -> PoolRow {
    let text = |column| table.cell(cells, column).unwrap_or_default().to_owned();
    let number = |column| {
        let cell = table.cell(cells, column);
        cell.and_then(|cell| cell.parse().ok()).unwrap_or(0)
    };
    PoolRow {
        database: text("database"),
        user: text("user"),
        cl_active: number("cl_active"),
        cl_waiting: number("cl_waiting"),
        sv_active: number("sv_active"),
        sv_idle: number("sv_idle"),
        sv_login: number("sv_login"),
    }
}
