//! SHOW SERVERS: connections to PostgreSQL, but for those of the look-ups.

use std::time::Duration;

use super::sockets::{COLUMNS, Socket};
use crate::admin::reply::{Cell, Reply};
use crate::client::around::Around;
use crate::pool::pool::Pool;
use crate::server::info::ServerInfo;

pub(in crate::admin) fn show(around: &Around) -> Reply {
    let mut rows = Vec::new();
    for pool in around.all_pools() {
        rows.extend(pool.list_servers().iter().map(|server| row(&pool, server)));
    }
    Reply::table(&COLUMNS, rows)
}

fn row(pool: &Pool, server: &ServerInfo) -> Vec<Cell> {
    let link = match server.client() {
        0 => String::new(),
        client => format!("C-{client}"),
    };
    let socket = Socket {
        kind: "S",
        user: pool.user(),
        database: &pool.key.database,
        state: server.state().as_str(),
        peer: server.peer.as_ref(),
        local: server.local.as_ref(),
        connected: server.connected,
        requested: server.requested(),
        waiting: Duration::ZERO,
        close_needed: server.epoch != pool.epoch(),
        link,
        remote_pid: server.backend_pid,
        tls: &server.tls,
        application_name: &server.application_name,
        prepared_statements: server.statements(),
        id: server.id,
    };
    socket.row()
}
