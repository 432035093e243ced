//! How servers are reached and kept: general values, and what a pool lays over them.

use std::path::Path;
use std::time::Duration;

use super::startup::{self, Parameters};
use super::tls::ServerDraft;
use crate::config::section::Section;
use crate::config::settings::{
    Cleanup, CleartextRule, RequireAuth, Server, ServerAddress, ServerTimes,
};
use crate::config::tree::{Node, Value};
use crate::config::value::{text, unexpected};

/// What pools inherit from `general`.
#[derive(Debug)]
pub(super) struct Defaults {
    times: ServerTimes,
    tls: ServerDraft,
    startup_parameters: Parameters,
    require_auth: RequireAuth,
    max_concurrent_creates: usize,
    round_robin: bool,
    pub cleanup: Option<Cleanup>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            times: ServerTimes {
                connect: Duration::from_secs(3),
                idle: Some(Duration::from_secs(600)),
                lifetime: Some(Duration::from_secs(1200)),
                idle_check: Some(Duration::from_secs(60)),
            },
            tls: ServerDraft::default(),
            startup_parameters: Parameters::new(),
            require_auth: RequireAuth {
                none: true,
                password: CleartextRule::Protected,
                md5: true,
                scram_sha_256: true,
            },
            max_concurrent_creates: 4,
            round_robin: false,
            cleanup: None,
        }
    }
}

/// Reads them from the `general` section.
pub(super) fn defaults(section: &Section<'_>) -> Defaults {
    let own = Defaults::default();
    let creates = section.integer("max_concurrent_creates", 1..=super::MAX_SERVERS);
    let defaults = Defaults {
        times: ServerTimes {
            idle_check: section.limit("server_idle_check_timeout", own.times.idle_check),
            ..times(section, &own.times)
        },
        tls: ServerDraft::read(section),
        startup_parameters: startup::read(section),
        require_auth: require_auth(section).unwrap_or(own.require_auth),
        max_concurrent_creates: creates.unwrap_or(own.max_concurrent_creates),
        round_robin: section
            .boolean("server_round_robin")
            .unwrap_or(own.round_robin),
        cleanup: cleanup(section),
    };
    // Checked here too, so that a file without pools is judged as one with pools.
    defaults.tls.clone().finish(section.reader);
    startup::merge(
        section,
        &Parameters::new(),
        defaults.startup_parameters.clone(),
    );
    defaults
}

/// The `server` part of a pool.
pub(super) fn server(section: &Section<'_>, pool: &str, defaults: &Defaults) -> Server {
    let general = &defaults.startup_parameters;
    let parameters = startup::merge(section, general, startup::read(section));
    Server {
        address: address(section),
        database: section
            .name("server_database")
            .unwrap_or_else(|| pool.to_owned()),
        application_name: section
            .text("application_name")
            .unwrap_or_else(|| "pgturnstile".into()),
        tls: ServerDraft::read(section)
            .or(&defaults.tls)
            .finish(section.reader),
        require_auth: require_auth(section).unwrap_or(defaults.require_auth),
        startup_parameters: parameters
            .into_iter()
            .map(|(name, p)| (name, p.value))
            .collect(),
        times: times(section, &defaults.times),
        max_concurrent_creates: defaults.max_concurrent_creates,
        round_robin: defaults.round_robin,
    }
}

fn address(section: &Section<'_>) -> ServerAddress {
    let host = section
        .name("server_host")
        .unwrap_or_else(|| "127.0.0.1".to_owned());
    let port: u16 = section.integer("server_port", 1..=65_535).unwrap_or(5432);
    if host.starts_with('/') {
        ServerAddress::Unix(Path::new(&host).join(format!(".s.PGSQL.{port}")))
    } else {
        ServerAddress::Tcp { host, port }
    }
}

/// The three times that `general` and pools both have.
fn times(section: &Section<'_>, default: &ServerTimes) -> ServerTimes {
    ServerTimes {
        connect: section
            .positive_duration("connect_timeout")
            .unwrap_or(default.connect),
        idle: section.limit("idle_timeout", default.idle),
        lifetime: section.limit("server_lifetime", default.lifetime),
        idle_check: default.idle_check,
    }
}

pub(super) fn cleanup(section: &Section<'_>) -> Option<Cleanup> {
    let words = [
        ("auto", Cleanup::Auto),
        ("always", Cleanup::Always),
        ("never", Cleanup::Never),
    ];
    section.word("cleanup", &words)
}

fn require_auth(section: &Section<'_>) -> Option<RequireAuth> {
    section.read("server_require_auth", methods)
}

fn methods(node: &Node) -> Result<RequireAuth, String> {
    let Value::List(items) = &node.value else {
        return Err(unexpected("a list of methods", node));
    };
    let mut methods = RequireAuth {
        none: false,
        password: CleartextRule::Never,
        md5: false,
        scram_sha_256: false,
    };
    for item in items {
        match text(item)? {
            "none" => methods.none = true,
            "password" => methods.password = CleartextRule::Protected,
            "md5" => methods.md5 = true,
            "scram-sha-256" => methods.scram_sha_256 = true,
            _ => return Err("each must be one of: none, password, md5, scram-sha-256".to_owned()),
        }
    }
    if items.is_empty() {
        return Err("an empty list would let no server in".to_owned());
    }
    Ok(methods)
}
