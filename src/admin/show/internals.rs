//! SHOW INTERNALS: everything that could leak, counted; pools that a reload has removed, too, while
//! anybody holds them.

use crate::admin::reply::{Cell, Reply};
use crate::auth_query::service::AuthQueryService;
use crate::client::around::Around;
use crate::server::info::ServerState;
use crate::wire::encode::Column;

pub(super) const COLUMNS: [Column<'static>; 2] = [Column::text("key"), Column::int8("value")];

pub(in crate::admin) fn show(around: &Around) -> Reply {
    let census = around.pools.registry.census();
    let sums = Sums::of(around);
    let databases = around.current();
    let services = databases
        .databases
        .values()
        .filter_map(|realm| realm.auth_query.as_ref());
    let verifiers: usize = services.map(AuthQueryService::verifiers).sum();
    let rows = [
        ("pools", sums.pools),
        ("pending", census.pending),
        ("attached", census.attached),
        ("clients", around.roster.list().len()),
        ("leases", sums.leases),
        ("permits_free", sums.permits_free),
        ("permits_total", sums.permits_total),
        ("waiters", sums.waiters),
        ("joiners", census.joiners),
        ("servers", sums.servers),
        ("undertaking", around.pools.undertaker.undertaking()),
        ("cancel_keys", around.roster.cancel_keys()),
        ("tasks", around.world.tasks()),
        ("verifiers", verifiers),
    ];
    let row = |(key, value): (&str, usize)| vec![Cell::from(key), value.into()];
    Reply::table(&COLUMNS, rows.into_iter().map(row).collect())
}

#[derive(Default)]
struct Sums {
    pools: usize,
    leases: usize,
    permits_free: usize,
    permits_total: usize,
    waiters: usize,
    servers: usize,
}

impl Sums {
    fn of(around: &Around) -> Self {
        let mut sums = Self::default();
        for pool in around.all_pools() {
            sums.pools += 1;
            let servers = pool.list_servers();
            let lent = servers.iter().filter(|s| s.state() != ServerState::Idle);
            sums.leases += lent.count();
            sums.permits_free += pool.gate.free();
            sums.permits_total += pool.gate.size();
            sums.waiters += pool.gate.waiters();
            sums.servers += pool.servers();
        }
        sums
    }
}
