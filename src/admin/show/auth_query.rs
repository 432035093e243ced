//! SHOW AUTH_QUERY: look-ups and dynamic pools, a row per database that has them.

use crate::admin::reply::{Cell, Reply};
use crate::client::around::Around;
use crate::wire::encode::Column;

/// pg_doorman's thirteen, then ours.
pub(super) const COLUMNS: [Column<'static>; 21] = [
    Column::text("database"),
    Column::numeric("cache_entries"),
    Column::numeric("cache_hits"),
    Column::numeric("cache_misses"),
    Column::numeric("cache_refetches"),
    Column::numeric("cache_rate_limited"),
    Column::numeric("auth_success"),
    Column::numeric("auth_failure"),
    Column::numeric("executor_queries"),
    Column::numeric("executor_errors"),
    Column::numeric("dynamic_pools_current"),
    Column::numeric("dynamic_pools_created"),
    Column::numeric("dynamic_pools_destroyed"),
    Column::numeric("pools_joined"),
    Column::numeric("pools_committed"),
    Column::numeric("pools_dropped"),
    Column::numeric("pools_reaped"),
    Column::numeric("gc_sweeps"),
    Column::numeric("gc_skipped_initialising"),
    Column::numeric("commit_superseded"),
    Column::numeric("lookups"),
];

pub(in crate::admin) fn show(around: &Around) -> Reply {
    let registry = &around.pools.registry;
    let mut rows = Vec::new();
    for (name, realm) in &around.current().databases {
        let Some(service) = &realm.auth_query else {
            continue;
        };
        let (stats, pools) = (service.stats(), registry.counters(name));
        let mut row = vec![Cell::from(name.as_str())];
        let numbers = [
            stats.cache_entries,
            stats.cache_hits,
            stats.cache_misses,
            stats.cache_refetches,
            stats.cache_rate_limited,
            stats.auth_success,
            stats.auth_failure,
            stats.executor_queries,
            stats.executor_errors,
            pools.current(),
            pools.created,
            pools.destroyed(),
            pools.joined,
            pools.committed,
            pools.dropped,
            pools.reaped,
            registry.gc_sweeps(),
            pools.skipped_initialising,
            pools.superseded,
            stats.lookups,
        ];
        row.extend(numbers.map(Cell::from));
        rows.push(row);
    }
    Reply::table(&COLUMNS, rows)
}
