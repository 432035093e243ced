//! The pooler's configuration: small pools and short times, so that much happens in a minute.

use std::time::Duration;

use harness::client::Endpoint;
use harness::pooler::{AuthQuery, PooledDatabase, ServerTls};
use harness::{Instance, PoolerSpec};

use super::{DATABASE, LOOKUP_ROLE};
use crate::ground::schema::LOOKUP_PASSWORD;

/// Servers for each user.
pub const POOL_SIZE: u32 = 3;
pub const CLIENT_LOGIN_TIMEOUT: Duration = Duration::from_secs(5);
pub const QUERY_WAIT_TIMEOUT: Duration = Duration::from_secs(5);
pub const CACHE_TTL: Duration = Duration::from_secs(1);

/// What a run changes in the usual configuration.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Keys of `general`.
    pub settings: Vec<(String, String)>,
    /// Keys of the `auth_query` block.
    pub auth_query: Vec<(String, String)>,
    /// Faults of the pooler's own making, by name, and what each does.
    pub failpoints: Vec<(String, String)>,
}

pub(super) fn of(instance: &Instance, servers: &Endpoint, changes: &Changes) -> PoolerSpec {
    let certificate = instance.certificate();
    let mut settings = pairs(&[
        ("connect_timeout", "3s"),
        ("idle_timeout", "500ms"),
        ("server_lifetime", "5s"),
        ("retain_connections_time", "200ms"),
        ("shutdown_timeout", "3s"),
    ]);
    settings.push(("query_wait_timeout".to_owned(), ms(QUERY_WAIT_TIMEOUT)));
    settings.push(("client_login_timeout".to_owned(), ms(CLIENT_LOGIN_TIMEOUT)));
    replace(&mut settings, &changes.settings);
    let mut auth_query = vec![("cache_ttl".to_owned(), ms(CACHE_TTL))];
    replace(&mut auth_query, &changes.auth_query);
    let size = auth_query.iter().find(|(key, _)| key == "pool_size");
    let pool_size = size.and_then(|(_, size)| size.parse().ok());
    auth_query.retain(|(key, _)| key != "pool_size");
    PoolerSpec {
        databases: vec![PooledDatabase {
            name: DATABASE.to_owned(),
            host: servers.host.clone(),
            port: servers.port,
            server_tls: Some(ServerTls {
                mode: "prefer".to_owned(),
                ca: None,
            }),
            auth_query: Some(AuthQuery {
                query: None,
                user: LOOKUP_ROLE.to_owned(),
                password: LOOKUP_PASSWORD.to_owned(),
                pool_size: pool_size.unwrap_or(POOL_SIZE),
                settings: auth_query,
            }),
            ..PooledDatabase::default()
        }],
        certificate: Some((certificate.chain.clone(), certificate.key.clone())),
        settings,
        failpoints: changes.failpoints.clone(),
        ..PoolerSpec::default()
    }
}

fn ms(time: Duration) -> String {
    format!("{}ms", time.as_millis())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
    pairs.iter().map(owned).collect()
}

fn replace(settings: &mut Vec<(String, String)>, by: &[(String, String)]) {
    for (key, value) in by {
        settings.retain(|(known, _)| known != key);
        settings.push((key.clone(), value.clone()));
    }
}
