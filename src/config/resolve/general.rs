//! The `general` section, but for the defaults of pools (`server`).

use std::time::Duration;

use super::{hba, tls};
use crate::config::section::Section;
use crate::config::settings::{ClientLog, Console, General, Limits, Listen, SocketOptions, Times};
use crate::config::tree::Node;
use crate::config::units;
use crate::config::value::text;

/// As many files as Linux can hold open (`sysctl_nr_open_max`, fs/file.c).
const MAX_CLIENTS: i64 = 0x7fff_ffc0;
/// The longest path of a socket: `sun_path` without its NUL (Linux, unix(7)).
const SOCKET_PATH: usize = 107;
/// A number no cache will reach.
const MANY: i64 = i32::MAX as i64;
/// A pebibyte: no machine has it.
const MAX_MEMORY: u64 = 1 << 50;

/// `None` when something required is missing.
pub(super) fn general(section: &Section<'_>) -> Option<General> {
    let limits = limits(section);
    let listen = listen(section, limits.max_connections);
    one_thread(section);
    let general = General {
        sockets: sockets(section),
        times: times(section),
        log: ClientLog {
            connections: section.boolean("log_client_connections").unwrap_or(true),
            disconnections: section.boolean("log_client_disconnections").unwrap_or(true),
        },
        client_tls: tls::client(section),
        hba: hba::rules(section),
        prepared_statements: section.boolean("prepared_statements").unwrap_or(true),
        ignore_startup_parameters: lower(section, "ignore_startup_parameters", &[]),
        track_extra_parameters: lower(section, "track_extra_parameters", &["intervalstyle"]),
        pooler_check_query: section
            .name("pooler_check_query")
            .unwrap_or_else(|| ";".into()),
        listen,
        limits,
        console: console(section)?,
    };
    Some(general)
}

fn listen(section: &Section<'_>, max_connections: usize) -> Listen {
    let backlog: u32 = section
        .integer("backlog", 0..=i64::from(i32::MAX))
        .unwrap_or(0);
    let clients = u32::try_from(max_connections).unwrap_or(u32::MAX);
    let backlog = if backlog == 0 { clients } else { backlog };
    let listen = Listen {
        host: section.name("host").unwrap_or_else(|| "0.0.0.0".to_owned()),
        port: section.integer("port", 0..=65_535).unwrap_or(5432),
        backlog: backlog.min(i32::MAX.unsigned_abs()),
        reuse_port: section.boolean("so_reuseport").unwrap_or(false),
        unix_socket_dir: section.file("unix_socket_dir").map(|dir| dir.value),
        unix_socket_mode: section.read("unix_socket_mode", mode).unwrap_or(0o600),
    };
    if let Some(dir) = &listen.unix_socket_dir {
        let path = dir.join(format!(".s.PGSQL.{}", listen.port));
        if path.as_os_str().len() > SOCKET_PATH {
            section.problem(
                "unix_socket_dir",
                format!("longer than {SOCKET_PATH} bytes with the name of the socket"),
            );
        }
    }
    listen
}

/// The bounds are Linux's: `MAX_TCP_KEEPIDLE`, `MAX_TCP_KEEPINTVL`, `MAX_TCP_KEEPCNT` (net/tcp.h).
fn sockets(section: &Section<'_>) -> SocketOptions {
    let seconds =
        |key, range, default| Duration::from_secs(section.integer(key, range).unwrap_or(default));
    let buffer = section.size("tcp_socket_buffer_size", 0..=i32::MAX.unsigned_abs().into());
    let user_timeout = seconds("tcp_user_timeout", 0..=i64::from(i32::MAX / 1000), 60);
    SocketOptions {
        buffer_size: buffer.filter(|size| *size > 0),
        keepalive_idle: seconds("tcp_keepalives_idle", 1..=32_767, 5),
        keepalive_interval: seconds("tcp_keepalives_interval", 1..=32_767, 5),
        keepalive_count: section
            .integer("tcp_keepalives_count", 1..=127)
            .unwrap_or(5),
        user_timeout: (!user_timeout.is_zero()).then_some(user_timeout),
        no_delay: section.boolean("tcp_no_delay").unwrap_or(true),
    }
}

fn limits(section: &Section<'_>) -> Limits {
    let pool = section
        .integer("prepared_statements_cache_size", 1..=MANY)
        .unwrap_or(8192);
    let server = section.integer("server_prepared_statements_cache_size", 1..=MANY);
    let client = [
        "client_anonymous_prepared_cache_size",
        "client_prepared_statements_cache_size",
    ]
    .map(|key| section.integer(key, 0..=MANY));
    let client: usize = client[0].or(client[1]).unwrap_or(pool);
    Limits {
        max_connections: section
            .integer("max_connections", 1..=MAX_CLIENTS)
            .unwrap_or(8192),
        max_memory_usage: section
            .size("max_memory_usage", 1..=MAX_MEMORY)
            .unwrap_or(256 << 20),
        pool_statements: pool,
        server_statements: server.unwrap_or(pool),
        client_statements: if client == 0 { usize::MAX } else { client },
    }
}

fn times(section: &Section<'_>) -> Times {
    let seconds = Duration::from_secs;
    let positive = |key, default| section.positive_duration(key).unwrap_or(default);
    let retain_max = section
        .integer("retain_connections_max", 0..=MANY)
        .unwrap_or(0);
    Times {
        client_login: positive("client_login_timeout", seconds(60)),
        query_wait: section.limit("query_wait_timeout", Some(seconds(5))),
        cancel_wait: positive("cancel_wait_timeout", seconds(10)),
        shutdown: section.duration("shutdown_timeout").unwrap_or(seconds(10)),
        discard: positive("discard_timeout", seconds(5)),
        fair_slice: section
            .duration("fair_slice")
            .unwrap_or(Duration::from_millis(20)),
        sweep: positive("retain_connections_time", seconds(30)),
        retain_max: (retain_max > 0).then_some(retain_max),
    }
}

fn console(section: &Section<'_>) -> Option<Console> {
    let username = section.require("admin_username", section.name("admin_username"));
    let password = section.require("admin_password", section.secret("admin_password"));
    let admin_users = section.words("admin_users").unwrap_or_default();
    let stats_users = section.words("stats_users").unwrap_or_default();
    Some(Console {
        username: username?,
        password: password?,
        admin_users,
        stats_users,
    })
}

fn one_thread(section: &Section<'_>) {
    let threads: i64 = section.integer("worker_threads", 1..=1024).unwrap_or(1);
    if threads > 1 {
        section.warn(
            "worker_threads",
            "more than one is not supported yet: one thread runs",
        );
    }
}

fn lower(section: &Section<'_>, key: &'static str, default: &[&str]) -> Vec<String> {
    let words = section.words(key);
    let words = words.unwrap_or_else(|| default.iter().map(|&word| word.to_owned()).collect());
    words.iter().map(|word| word.to_ascii_lowercase()).collect()
}

fn mode(node: &Node) -> Result<u32, String> {
    units::mode(text(node)?)
}
