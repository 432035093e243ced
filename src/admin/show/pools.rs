//! SHOW POOLS: PgBouncer's seventeen columns in its order; collectors read them by position.

use std::sync::Arc;

use crate::admin::reply::{Cell, Reply};
use crate::client::around::Around;
use crate::client::roster::{ClientInfo, ClientState};
use crate::pool::pool::Pool;
use crate::server::info::ServerState;
use crate::wire::encode::Column;

pub(super) const COLUMNS: [Column<'static>; 17] = [
    Column::text("database"),
    Column::text("user"),
    Column::int4("cl_active"),
    Column::int4("cl_waiting"),
    Column::int4("cl_active_cancel_req"),
    Column::int4("cl_waiting_cancel_req"),
    Column::int4("sv_active"),
    Column::int4("sv_active_cancel"),
    Column::int4("sv_being_canceled"),
    Column::int4("sv_idle"),
    Column::int4("sv_used"),
    Column::int4("sv_tested"),
    Column::int4("sv_login"),
    Column::int4("maxwait"),
    Column::int4("maxwait_us"),
    Column::text("pool_mode"),
    Column::text("load_balance_hosts"),
];

/// A row for every pool that a login has committed to, also with no server; the console's last.
pub(in crate::admin) fn show(around: &Around) -> Reply {
    let clients = around.roster.list();
    let listed = around.pools.registry.list().into_iter();
    let mut rows: Vec<_> = listed
        .filter(|(_, listed)| listed.init_complete)
        .map(|(_, listed)| row(around, &listed.pool, &clients))
        .collect();
    rows.push(console(&clients));
    Reply::table(&COLUMNS, rows)
}

fn row(around: &Around, pool: &Arc<Pool>, clients: &[Arc<ClientInfo>]) -> Vec<Cell> {
    let ours = |client: &&Arc<ClientInfo>| {
        client
            .pool
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, pool))
    };
    let now = around.world.now();
    let (mut active, mut waiting, mut longest) = (0_usize, 0_usize, std::time::Duration::ZERO);
    for client in clients.iter().filter(ours) {
        match client.state() {
            ClientState::Idle | ClientState::Active { .. } => active += 1,
            ClientState::Waiting { since } => {
                waiting += 1;
                longest = longest.max(now.saturating_duration_since(since));
            }
        }
    }
    let servers = pool.list_servers();
    let count = |state| {
        servers
            .iter()
            .filter(|server| server.state() == state)
            .count()
    };
    // Each request that is passed on has a connection to PostgreSQL of its own: one of either kind.
    let cancels = pool.cancels();
    vec![
        Cell::from(&*pool.key.database),
        Cell::from(pool.user()),
        active.into(),
        waiting.into(),
        cancels.into(),
        0.into(),
        count(ServerState::Active).into(),
        cancels.into(),
        count(ServerState::BeingCanceled).into(),
        count(ServerState::Idle).into(),
        0.into(),
        count(ServerState::Tested).into(),
        (pool.dialling() + count(ServerState::New)).into(),
        longest.as_secs().into(),
        u64::from(longest.subsec_micros()).into(),
        "transaction".into(),
        Cell::Null,
    ]
}

fn console(clients: &[Arc<ClientInfo>]) -> Vec<Cell> {
    let here = clients
        .iter()
        .filter(|client| client.pool.is_none())
        .count();
    let mut row = vec![Cell::from("pgbouncer"), "pgbouncer".into(), here.into()];
    row.extend(std::iter::repeat_n(Cell::Number(0), 12));
    row.extend(["statement".into(), Cell::Null]);
    row
}
