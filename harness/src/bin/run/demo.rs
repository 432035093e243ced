//! The demo: a database, users of every kind, and TLS on both sides.

use std::path::Path;

use harness::pooler::{AuthQuery, PooledDatabase, ServerTls, StaticUser};
use harness::{
    Error, Instance, InstanceSpec, Method, Pooler, PoolerKind, PoolerSpec, Provider, Result,
};

use super::handover::Handover;
use super::{Running, check_port, early};

pub(crate) const DATABASE: &str = "demo";
const POOL_SIZE: u32 = 8;
/// Runs the look-up, and may do nothing else.
const AUTH: (&str, &str) = ("auth", "auth_pw");
/// In the configuration file; the others are found by auth_query.
const STATIC: (&str, &str) = ("static_user", "static_pw");
pub(crate) const LOOKED_UP: [(&str, &str, Method); 3] = [
    ("scram_a", "scram_a_pw", Method::Scram),
    ("scram_b", "scram_b_pw", Method::Scram),
    ("md5_user", "md5_pw", Method::Md5),
];

pub(crate) async fn bring_up(port: u16, folder: &Path) -> Result<(Running, Handover)> {
    check_port(port)?;
    let wish = std::env::var("PG_PROVIDER").unwrap_or_default();
    let (provider, reason) = Provider::decide(&wish).await?;
    eprintln!("provider: {} ({reason})", provider.name());
    let spec = InstanceSpec {
        tls: true,
        settings: vec![("max_connections".to_owned(), "500".to_owned())],
        ..InstanceSpec::default()
    };
    let instance = Instance::start(provider, &spec).await?;
    furnish(&instance).await?;
    let pooler = Pooler::start(
        PoolerKind::Pgturnstile,
        &pooler_spec(&instance, port),
        folder,
    )
    .await
    .map_err(|error| early(error, "configuration"))?;
    let handover = Handover::of_demo(&instance, &pooler)?;
    Ok((
        Running {
            instance: Some(instance),
            pooler,
        },
        handover,
    ))
}

async fn furnish(instance: &Instance) -> Result<()> {
    instance
        .create_database(DATABASE, instance.superuser())
        .await?;
    for (name, password, method) in LOOKED_UP {
        instance.create_role(name, password, method).await?;
    }
    instance
        .create_role(STATIC.0, STATIC.1, Method::Scram)
        .await?;
    instance.create_role(AUTH.0, AUTH.1, Method::Scram).await?;
    // The view reads pg_authid as its owner; whoever may read it needs to be nothing more.
    let sql = format!(
        "GRANT SELECT ON pg_catalog.pg_shadow TO {}; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC",
        AUTH.0
    );
    instance.execute_sql(DATABASE, &sql).await
}

fn pooler_spec(instance: &Instance, port: u16) -> PoolerSpec {
    let certificate = instance.certificate();
    let setting = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    PoolerSpec {
        databases: vec![database(instance)],
        certificate: Some((certificate.chain.clone(), certificate.key.clone())),
        settings: vec![
            setting("port", &port.to_string()),
            // So that everything is gone within 10 s of Ctrl-C, whatever the clients do.
            setting("shutdown_timeout", "4s"),
        ],
        ..PoolerSpec::default()
    }
}

fn database(instance: &Instance) -> PooledDatabase {
    PooledDatabase {
        name: DATABASE.to_owned(),
        host: instance.host().to_owned(),
        port: instance.port(),
        server_tls: Some(ServerTls {
            mode: "verify-full".to_owned(),
            ca: Some(instance.ca_pem_path().to_owned()),
        }),
        users: vec![StaticUser {
            name: STATIC.0.to_owned(),
            password: STATIC.1.to_owned(),
            pool_size: POOL_SIZE,
            settings: Vec::new(),
        }],
        auth_query: Some(AuthQuery {
            query: None,
            user: AUTH.0.to_owned(),
            password: AUTH.1.to_owned(),
            pool_size: POOL_SIZE,
            settings: Vec::new(),
        }),
        settings: vec![("pool_mode".to_owned(), "transaction".to_owned())],
        ..PooledDatabase::default()
    }
}

/// Every user of the demo with its purpose.
pub(crate) fn users() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut users: Vec<_> = LOOKED_UP
        .into_iter()
        .map(|(name, password, method)| match method {
            Method::Scram => (name, password, "found by auth_query, SCRAM"),
            Method::Md5 => (name, password, "found by auth_query, MD5"),
        })
        .collect();
    users.push((STATIC.0, STATIC.1, "in the configuration file"));
    users
}

/// The authority's certificate where it stays readable for psql's `sslrootcert`.
pub(crate) fn copy_ca(instance: &Instance, target: &Path) -> Result<()> {
    std::fs::copy(instance.ca_pem_path(), target)
        .map(drop)
        .map_err(Error::io(target.display().to_string()))
}
