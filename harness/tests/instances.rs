//! An instance keeps its promises, with the provider that `PG_PROVIDER` names.

use std::time::Duration;

use harness::pooler::{AuthQuery, PooledDatabase, Pooler};
use harness::provider::engine;
use harness::{
    Instance, InstanceSpec, Method, Mode, PoolerKind, PoolerSpec, Provider, names, sweep,
};

async fn provider() -> Provider {
    let wish = std::env::var("PG_PROVIDER").unwrap_or_else(|_| "local".to_owned());
    Provider::choose(&wish).await.expect("a provider").0
}

async fn value(instance: &Instance, sql: &str) -> String {
    let client = instance
        .connect("postgres")
        .await
        .expect("a superuser's session");
    client.query_one(sql, &[]).await.expect("one row").get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_crashes_and_comes_back_on_its_port() {
    let instance = Instance::start(provider().await, &InstanceSpec::default())
        .await
        .unwrap();
    let port = instance.port();
    instance
        .execute_sql(
            "postgres",
            "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)",
        )
        .await
        .unwrap();
    for mode in [Mode::Smart, Mode::Fast, Mode::Immediate] {
        instance.stop(mode).await.unwrap();
        assert!(instance.connect("postgres").await.is_err(), "{mode:?}");
        instance.start_again().await.unwrap();
    }
    instance.kill9().await.unwrap();
    instance.start_again().await.unwrap();
    instance.restart().await.unwrap();
    assert_eq!(instance.port(), port);
    assert_eq!(value(&instance, "SELECT n::text FROM kept").await, "7");
    let log = std::fs::read_to_string(instance.log_path().await.unwrap()).unwrap();
    assert!(
        log.contains("database system is ready to accept connections"),
        "{log}"
    );
    instance.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stands_still_until_it_thaws() {
    let instance = Instance::start(provider().await, &InstanceSpec::default())
        .await
        .unwrap();
    let client = instance.connect("postgres").await.unwrap();
    // Nothing happens to one that is awake.
    instance.thaw().await.unwrap();
    instance.freeze().await.unwrap();
    let query = client.query_one("SELECT 7", &[]);
    tokio::pin!(query);
    let moment = Duration::from_millis(200);
    assert!(tokio::time::timeout(moment, &mut query).await.is_err());
    // Nor does a newcomer get in.
    let newcomer = instance.connect("postgres");
    assert!(tokio::time::timeout(moment, newcomer).await.is_err());
    assert!(instance.is_running().await.unwrap());
    instance.thaw().await.unwrap();
    assert_eq!(query.await.unwrap().get::<_, i32>(0), 7);
    instance.stop(Mode::Immediate).await.unwrap();
    assert!(!instance.is_running().await.unwrap());
    instance.thaw().await.unwrap();
    // One that stands still can be removed, too.
    instance.start_again().await.unwrap();
    instance.freeze().await.unwrap();
    instance.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_settings_rules_tls_and_roles() {
    let spec = InstanceSpec {
        tls: true,
        settings: vec![("max_connections".into(), "33".into())],
        ..InstanceSpec::default()
    };
    let instance = Instance::start(provider().await, &spec).await.unwrap();
    assert_eq!(value(&instance, "SHOW max_connections").await, "33");
    assert_eq!(value(&instance, "SHOW ssl").await, "on");
    instance
        .reload_with(&[("log_min_duration_statement".into(), "5".into())])
        .await
        .unwrap();
    assert_eq!(
        value(&instance, "SHOW log_min_duration_statement").await,
        "5ms"
    );
    for (method, begins) in [(Method::Md5, "md5"), (Method::Scram, "SCRAM-SHA-256$")] {
        let name = names::unique("user");
        instance.create_role(&name, "it's", method).await.unwrap();
        let stored = format!("SELECT passwd FROM pg_shadow WHERE usename = '{name}'");
        assert!(value(&instance, &stored).await.starts_with(begins));
        instance.create_database(&name, &name).await.unwrap();
        instance.connect_as(&name, "it's", &name).await.unwrap();
        assert!(instance.connect_as(&name, "wrong", &name).await.is_err());
        instance.set_hba("host all all all reject").await.unwrap();
        assert!(instance.connect_as(&name, "it's", &name).await.is_err());
        instance.set_hba("host all all all md5").await.unwrap();
        instance.drop_database(&name).await.unwrap();
        instance.drop_role(&name).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pgbouncer_serves_it() {
    let instance = Instance::start(provider().await, &InstanceSpec::default())
        .await
        .unwrap();
    let name = names::unique("user");
    instance
        .create_role(&name, "secret", Method::Md5)
        .await
        .unwrap();
    let database = PooledDatabase {
        name: "postgres".into(),
        host: instance.host().into(),
        port: instance.port(),
        auth_query: Some(AuthQuery {
            query: None,
            user: instance.superuser().into(),
            password: instance.superuser_password().into(),
            pool_size: 2,
            settings: Vec::new(),
        }),
        ..PooledDatabase::default()
    };
    let spec = PoolerSpec {
        databases: vec![database],
        ..PoolerSpec::default()
    };
    let folder = harness::scratch::folder("pooler").unwrap();
    let pooler = Pooler::start(PoolerKind::Pgbouncer, &spec, &folder)
        .await
        .unwrap();
    let text = format!(
        "host={} port={} user={name} password=secret dbname=postgres",
        pooler.host, pooler.port
    );
    let (client, connection) = tokio_postgres::connect(&text, tokio_postgres::NoTls)
        .await
        .unwrap();
    let served = tokio::spawn(connection);
    let rows = client.simple_query("SELECT 1").await.unwrap();
    assert_eq!(rows.len(), 3);
    drop(client);
    let _ = served.await;
    pooler.reload(&spec).unwrap();
    assert!(pooler.stop(Duration::from_secs(5)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_there_after_the_sweep_of_the_dead() {
    // Live runs, this one among them, are left alone.
    let instance = Instance::start(provider().await, &InstanceSpec::default())
        .await
        .unwrap();
    sweep::clear_dead().await;
    instance.connect("postgres").await.unwrap();
    drop(engine().await);
}
