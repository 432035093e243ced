//! The lists of the console, one file each; the short ones are here.

pub(super) mod auth_query;
pub(super) mod clients;
pub(super) mod internals;
pub(super) mod pools;
pub(super) mod servers;
mod sockets;

use super::command::{Command, List};
use super::reply::{Notice, Reply};
use crate::wire::encode::Column;

/// The version of PgBouncer whose columns these are: collectors choose their queries by it.
const LIKE: &str = "1.25.2";

const VERSION: [Column<'static>; 1] = [Column::text("version")];
const ITEM: [Column<'static>; 1] = [Column::text("item")];

/// The columns of a statement's rows; none = it has no rows.
pub(super) fn columns(command: &Command) -> Vec<Column<'static>> {
    match command {
        Command::Show(list) => of_list(*list).to_vec(),
        Command::Parameter { name, .. } => vec![Column::text(name)],
        Command::Empty
        | Command::Reload
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Nothing(_)
        | Command::SetIgnored => Vec::new(),
    }
}

fn of_list(list: List) -> &'static [Column<'static>] {
    match list {
        List::Pools => &pools::COLUMNS,
        List::Clients | List::Servers => &sockets::COLUMNS,
        List::AuthQuery => &auth_query::COLUMNS,
        List::Internals => &internals::COLUMNS,
        List::Version => &VERSION,
        List::Help => &ITEM,
    }
}

pub(super) fn version() -> Reply {
    let version = format!(
        "PgBouncer {LIKE} (pgturnstile {})",
        env!("CARGO_PKG_VERSION")
    );
    Reply::table(&VERSION, vec![vec![version.into()]])
}

const HELP: [&str; 4] = [
    "SHOW HELP|POOLS|CLIENTS|SERVERS|AUTH_QUERY|INTERNALS|VERSION",
    "RELOAD",
    "PAUSE [<db>]",
    "RESUME [<db>]",
];

/// Rows as pg_doorman has them, and the notice of PgBouncer.
pub(super) fn help() -> Reply {
    let rows = HELP.iter().map(|line| vec![(*line).into()]).collect();
    Reply {
        notice: Some(Notice {
            message: "Console usage",
            detail: Some(format!("\n\t{}", HELP.join("\n\t"))),
        }),
        ..Reply::table(&ITEM, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::{auth_query, help, pools, sockets};
    use crate::wire::encode::Column;

    /// Names with PgBouncer's types: t text, i int4, q int8, n numeric.
    fn spelt(columns: &[Column<'_>]) -> String {
        let kind = |column: &Column<'_>| match column.type_oid {
            25 => 't',
            23 => 'i',
            20 => 'q',
            _ => 'n',
        };
        let each = columns.iter().map(|c| format!("{} {}", c.name, kind(c)));
        each.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn columns_are_those_that_collectors_read_by_position() {
        assert_eq!(
            spelt(&pools::COLUMNS),
            "database t, user t, cl_active i, cl_waiting i, cl_active_cancel_req i, \
             cl_waiting_cancel_req i, sv_active i, sv_active_cancel i, sv_being_canceled i, \
             sv_idle i, sv_used i, sv_tested i, sv_login i, maxwait i, maxwait_us i, \
             pool_mode t, load_balance_hosts t"
        );
        assert_eq!(
            spelt(&sockets::COLUMNS),
            "type t, user t, database t, replication t, state t, addr t, port i, local_addr t, \
             local_port i, connect_time t, request_time t, wait i, wait_us i, close_needed i, \
             ptr t, link t, remote_pid i, tls t, application_name t, prepared_statements i, id i"
        );
        assert_eq!(auth_query::COLUMNS.len(), 21);
    }

    #[test]
    fn help_is_told_in_the_detail_of_the_notice() {
        let mut out = Vec::new();
        help().body(&[], &mut out);
        let text = String::from_utf8_lossy(&out);
        let notice = "MConsole usage\0D\n\tSHOW HELP|POOLS|";
        assert!(text.contains(notice), "{text:?}");
    }
}
