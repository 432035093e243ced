//! SHOW CLIENTS: who has logged in, at the console too.

use std::time::Duration;

use super::sockets::{COLUMNS, Socket};
use crate::admin::reply::{Cell, Reply};
use crate::client::around::Around;
use crate::client::roster::{ClientInfo, ClientState};

pub(in crate::admin) fn show(around: &Around) -> Reply {
    let clients = around.roster.list();
    let rows = clients.iter().map(|client| row(around, client)).collect();
    Reply::table(&COLUMNS, rows)
}

fn row(around: &Around, client: &ClientInfo) -> Vec<Cell> {
    let (state, link, waiting) = match client.state() {
        ClientState::Idle => ("idle", String::new(), Duration::ZERO),
        ClientState::Active { server } => ("active", format!("S-{server}"), Duration::ZERO),
        ClientState::Waiting { since } => {
            let waiting = around.world.now().saturating_duration_since(since);
            ("waiting", String::new(), waiting)
        }
    };
    let at_console = client.pool.is_none();
    let socket = Socket {
        kind: "C",
        user: &client.user,
        database: if at_console {
            "pgbouncer"
        } else {
            &client.database
        },
        state,
        peer: client.peer.as_ref(),
        local: client.local.as_ref(),
        connected: client.connected,
        requested: client.requested(),
        waiting,
        close_needed: false,
        link,
        remote_pid: client.remote_pid.unwrap_or(0),
        tls: &client.tls,
        application_name: &client.application_name,
        prepared_statements: client.statements(),
        id: client.id,
    };
    socket.row()
}
