//! Look-ups of users in a real PostgreSQL: answers, ages, and a database that is slow or away.

#![allow(clippy::unwrap_used)] // A test fails where something is not as it must be.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgturnstile::auth::StoredSecret;
use pgturnstile::auth_query::service::Parts;
use pgturnstile::auth_query::{AuthQueryService, Counters};
use pgturnstile::config::settings::{
    AuthQuery, CleartextRule, Database, PoolMode, RequireAuth, Secret, Server, ServerAddress,
    ServerLogin, ServerTimes, ServerTls, ServerTlsMode, SocketOptions,
};
use pgturnstile::net::buffer::BufferPool;
use pgturnstile::net::tls::connect::Connector;
use pgturnstile::server::undertaker::Undertaker;
use pgturnstile::world::World;
use support::Postgres;

const SHADOW: &str = "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1";
const LIMIT: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

const ROLES: &str = "\
CREATE ROLE auth LOGIN SUPERUSER PASSWORD 'auth_pw';
CREATE ROLE sam LOGIN PASSWORD 'sam_pw';
CREATE ROLE bare LOGIN;
SET password_encryption = md5;
CREATE ROLE max LOGIN PASSWORD 'max_pw'";

async fn postgres() -> Postgres {
    let hba = "host all all 127.0.0.1/32 scram-sha-256";
    let tls = "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'";
    let postgres = Postgres::start(hba, tls).await;
    postgres.sql(ROLES).await;
    postgres
}

/// A service whose settings a test may have changed.
fn service(postgres: &Postgres, change: impl FnOnce(&mut AuthQuery)) -> AuthQueryService {
    AuthQueryService::new(&parts(postgres.port, change)).unwrap()
}

fn parts(port: u16, change: impl FnOnce(&mut AuthQuery)) -> Parts {
    let mut auth_query = AuthQuery {
        query: SHADOW.to_owned(),
        user: "auth".to_owned(),
        password: Secret::new("auth_pw"),
        database: "postgres".to_owned(),
        workers: 2,
        dedicated: None,
        pool_size: 4,
        min_pool_size: 0,
        cache_ttl: Duration::ZERO,
        cache_failure_ttl: Duration::ZERO,
        min_interval: Duration::ZERO,
    };
    change(&mut auth_query);
    let world = World::new();
    Parts {
        undertaker: Undertaker::new(world.clone(), 5 * SECOND),
        world,
        connector: Arc::new(Connector::load(&server(port).tls).unwrap()),
        database: Arc::new(Database {
            name: "app".to_owned(),
            server: server(port),
            mode: PoolMode::Transaction,
            cleanup: None,
            users: BTreeMap::new(),
            auth_query: Some(auth_query),
        }),
        sockets: SocketOptions {
            buffer_size: None,
            keepalive_idle: 5 * SECOND,
            keepalive_interval: 5 * SECOND,
            keepalive_count: 5,
            user_timeout: None,
            no_delay: true,
        },
        buffers: BufferPool::new(1 << 20),
        counters: Arc::new(Counters::default()),
    }
}

fn server(port: u16) -> Server {
    Server {
        address: ServerAddress::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        database: "postgres".to_owned(),
        application_name: "pgturnstile".to_owned(),
        tls: ServerTls {
            mode: ServerTlsMode::Prefer,
            ca: None,
            client_pair: None,
        },
        require_auth: RequireAuth {
            none: true,
            password: CleartextRule::Protected,
            md5: true,
            scram_sha_256: true,
        },
        startup_parameters: BTreeMap::new(),
        times: ServerTimes {
            connect: 3 * SECOND,
            idle: None,
            lifetime: None,
            idle_check: None,
        },
        max_concurrent_creates: 4,
        round_robin: false,
    }
}

const OURS: &str = "SELECT count(*) FROM pg_stat_activity \
                    WHERE application_name = 'pgturnstile auth_query'";

#[tokio::test]
async fn users_are_found_with_their_secret() {
    let postgres = postgres().await;
    let service = service(&postgres, |_| {});
    let sam = service.look_up("sam", LIMIT).await.unwrap().unwrap();
    assert!(matches!(sam.secret, StoredSecret::Scram(_)));
    let max = service.look_up("max", LIMIT).await.unwrap().unwrap();
    assert!(matches!(max.secret, StoredSecret::Md5(_)));
    assert!(max.fetch > sam.fetch);
    let long = "x".repeat(64);
    for nobody in ["bare", "nobody", "", "' OR true --", &*long] {
        assert_eq!(
            service.look_up(nobody, LIMIT).await.unwrap(),
            None,
            "{nobody}"
        );
    }
    let stats = service.stats();
    assert_eq!(stats.lookups, 7);
    assert_eq!(stats.executor_queries, 6, "the long name needs no query");
    assert_eq!((stats.executor_errors, stats.cache_hits), (0, 0));
    assert_eq!(
        postgres.sql(OURS).await,
        ["1"],
        "one connection served them in turn"
    );
    let path = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                WHERE ssl AND application_name = 'pgturnstile auth_query'";
    assert_eq!(postgres.sql(path).await, ["1"], "and it is encrypted");
}

#[tokio::test]
async fn the_columns_mean_what_the_documentation_says() {
    let postgres = postgres().await;
    postgres
        .sql(
            "CREATE TABLE users (name text, database text DEFAULT 'postgres', passwd text, \
             password varchar, startup_parameters jsonb, json json, plain text);
             INSERT INTO users VALUES ('a', 'postgres', 'first', 'second', \
             '{\"Work_Mem\": \"4MB\", \"role\": \"postgres\"}', '{\"jit\": false}', \
             '{\"x.y\": 1}');
             INSERT INTO users (name, passwd, password) VALUES \
             ('twice', 'x', 'x'), ('twice', 'x', 'x'), ('empty', '', NULL)",
        )
        .await;
    for (columns, condition, secret, parameters) in [
        ("passwd, password", "name = $1", "first", ""),
        ("password, plain", "name = $1", "second", ""),
        ("passwd AS anything", "name = $1", "first", ""),
        (
            "passwd, startup_parameters",
            "name = $1",
            "first",
            "work_mem=4MB",
        ),
        (
            "passwd, json AS startup_parameters",
            "name = $1",
            "first",
            "jit=off",
        ),
        (
            "passwd, plain AS startup_parameters",
            "name = $1",
            "first",
            "x.y=1",
        ),
        (
            "passwd::name::varchar(9) AS passwd",
            "name = $1",
            "first",
            "",
        ),
        ("passwd", "name = $1 AND database = $2", "first", ""),
    ] {
        let service = service(&postgres, |settings| {
            settings.query = format!("SELECT {columns} FROM users WHERE {condition}");
        });
        let found = service.look_up("a", LIMIT).await.unwrap().unwrap();
        let plain = StoredSecret::Plain(Secret::new(secret));
        assert_eq!(found.secret, plain, "{columns}");
        let got: Vec<String> = found
            .startup_parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(got.join(" "), parameters, "{columns}");
        assert_eq!(service.look_up("empty", LIMIT).await.unwrap(), None);
        let twice = service.look_up("twice", LIMIT).await.unwrap_err();
        assert_eq!(twice.sqlstate.as_str(), "57P03");
        assert!(twice.to_string().contains("more than one row"), "{twice}");
    }
}

#[tokio::test]
async fn a_query_that_is_wrong_says_so_to_the_operator_only() {
    let postgres = postgres().await;
    for (query, reason) in [
        (
            "SELECT usename, passwd AS secret FROM pg_shadow WHERE usename = $1",
            "none of its 2",
        ),
        ("SELECT 1 AS passwd WHERE $1 <> ''", "not text"),
        ("SELECT passwd FROM pg_shadow", "0 parameters"),
        ("SELECT $1 || $2 || $3 AS passwd", "3 parameters"),
        ("SELECT passwd FROM nowhere WHERE usename = $1", "nowhere"),
        ("SELEC", "syntax error"),
    ] {
        let service = service(&postgres, |settings| settings.query = query.to_owned());
        let error = service.look_up("sam", LIMIT).await.unwrap_err();
        assert_eq!(error.sqlstate.as_str(), "57P03");
        assert_eq!(error.message, "the look-up of the user failed");
        assert!(error.to_string().contains(reason), "{query}: {error}");
        assert_eq!(
            service.stats().cache_entries,
            0,
            "an error is not remembered"
        );
    }
}

#[tokio::test]
async fn parameters_of_users_are_not_kept_in_dedicated_mode() {
    let postgres = postgres().await;
    let service = service(&postgres, |settings| {
        let columns = "'x' || $1 AS passwd, '{\"jit\": \"on\"}' AS startup_parameters";
        settings.query = format!("SELECT {columns}");
        settings.dedicated = Some(ServerLogin {
            username: "max".to_owned(),
            password: Secret::new("max_pw"),
        });
    });
    let found = service.look_up("sam", LIMIT).await.unwrap().unwrap();
    assert!(found.startup_parameters.is_empty());
}

#[tokio::test]
async fn nobody_slips_another_function_under_the_query() {
    let postgres = postgres().await;
    postgres
        .sql(
            "CREATE SCHEMA evil; ALTER DATABASE postgres SET search_path = evil, pg_catalog;
             CREATE FUNCTION evil.lower(name) RETURNS text LANGUAGE sql AS $$ SELECT 'sam' $$",
        )
        .await;
    let service = service(&postgres, |settings| {
        settings.query = "SELECT passwd FROM pg_shadow WHERE usename = lower($1::name)".to_owned();
    });
    assert_eq!(service.look_up("nobody", LIMIT).await.unwrap(), None);
}

#[tokio::test]
async fn one_fetch_answers_all_who_ask_for_a_user_at_once() {
    let postgres = postgres().await;
    let service = service(&postgres, |settings| settings.cache_ttl = SECOND);
    let logins: Vec<_> = (0..50)
        .map(|n| {
            let service = service.clone();
            let user = ["sam", "max"][n % 2];
            tokio::spawn(async move { service.look_up(user, LIMIT).await })
        })
        .collect();
    for login in logins {
        assert!(login.await.unwrap().unwrap().is_some());
    }
    let stats = service.stats();
    assert_eq!((stats.lookups, stats.executor_queries), (50, 2));
    assert_eq!((stats.cache_misses, stats.cache_entries), (50, 2));
    service.look_up("sam", LIMIT).await.unwrap();
    assert_eq!(service.stats().cache_hits, 1);
}

#[tokio::test]
async fn a_wrong_password_asks_again_but_not_at_a_guessers_pace() {
    let postgres = postgres().await;
    let service = service(&postgres, |settings| {
        settings.cache_ttl = 3600 * SECOND;
        settings.min_interval = 3600 * SECOND;
    });
    let old = service.look_up("max", LIMIT).await.unwrap().unwrap();
    postgres
        .sql("SET password_encryption = md5; ALTER ROLE max PASSWORD 'new_pw'")
        .await;
    let same = service.look_up("max", LIMIT).await.unwrap().unwrap();
    assert_eq!(same.fetch, old.fetch, "an hour means an hour");

    let new = service
        .look_up_again("max", old.fetch, LIMIT)
        .await
        .unwrap()
        .unwrap();
    assert!(new.fetch > old.fetch && new.secret != old.secret);
    // Somebody who holds the old one gets the new one without a query.
    let again = service
        .look_up_again("max", old.fetch, LIMIT)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.fetch, new.fetch);
    for _ in 0..10 {
        let nothing = service
            .look_up_again("max", new.fetch, LIMIT)
            .await
            .unwrap();
        assert_eq!(nothing, None);
    }
    let stats = service.stats();
    assert_eq!((stats.executor_queries, stats.cache_refetches), (2, 1));
    assert_eq!(stats.cache_rate_limited, 10);

    // A wrong SCRAM proof only spoils the answer: the next login asks.
    let sam = service.look_up("sam", LIMIT).await.unwrap().unwrap();
    for _ in 0..10 {
        service.note_wrong_password("sam");
        let now = service.look_up("sam", LIMIT).await.unwrap().unwrap();
        assert_eq!(now.fetch, sam.fetch + 1);
    }
    assert_eq!(service.stats().cache_rate_limited, 19);
}

#[tokio::test]
async fn a_restarted_postgresql_is_asked_on_a_new_connection() {
    let mut postgres = postgres().await;
    let service = service(&postgres, |settings| settings.workers = 1);
    for signal in ["INT", "QUIT"] {
        service.look_up("sam", LIMIT).await.unwrap().unwrap();
        postgres.stop(signal);
        assert!(postgres.run().await);
        service.look_up("sam", LIMIT).await.unwrap().unwrap();
    }
    // Ended so shortly before that nobody has noticed.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = 'pgturnstile auth_query'";
    assert_eq!(postgres.sql(end).await, ["t"]);
    service.look_up("sam", LIMIT).await.unwrap().unwrap();
    assert_eq!(service.stats().executor_errors, 0);
}

#[tokio::test]
async fn a_changed_table_is_no_error() {
    let postgres = postgres().await;
    postgres
        .sql("CREATE TABLE users (name text, passwd text); INSERT INTO users VALUES ('a', 'b')")
        .await;
    let service = service(&postgres, |settings| {
        settings.query = "SELECT * FROM users WHERE name = $1".to_owned();
    });
    service.look_up("a", LIMIT).await.unwrap().unwrap();
    postgres.sql("ALTER TABLE users ADD COLUMN more int").await;
    service.look_up("a", LIMIT).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_hanging_look_up_ends_in_time_and_leaves_nothing_behind() {
    let postgres = postgres().await;
    postgres
        .sql("CREATE TABLE users (name text, passwd text); INSERT INTO users VALUES ('a', 'b')")
        .await;
    let parts = parts(postgres.port, |settings| {
        settings.query = "SELECT * FROM public.users WHERE name = $1".to_owned();
        settings.workers = 1;
    });
    let service = AuthQueryService::new(&parts).unwrap();
    service.look_up("a", LIMIT).await.unwrap().unwrap();
    postgres
        .sql("CREATE FUNCTION pause() RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(60)::text $$")
        .await;
    postgres.sql("ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT name, coalesce(pause(), passwd) AS passwd FROM people").await;

    let begun = Instant::now();
    let error = service.look_up("a", SECOND / 2).await.unwrap_err();
    assert_eq!(error.sqlstate.as_str(), "57P03");
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());

    postgres
        .sql("DROP VIEW users; ALTER TABLE people RENAME TO users")
        .await;
    service.look_up("a", LIMIT).await.unwrap().unwrap();
    assert!(begun.elapsed() < 3 * SECOND, "{:?}", begun.elapsed());
    postgres.eventually(OURS, "1").await;
    drop(service);
    postgres.eventually(OURS, "0").await;
    parts.undertaker.finished().await;
    assert_eq!(parts.world.tasks(), 0);
}

#[tokio::test]
async fn a_dead_database_answers_everybody_with_few_connects() {
    // Accepts, counts, and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connects = Arc::new(std::sync::Mutex::new(Vec::new()));
    let accepted = Arc::clone(&connects);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            accepted.lock().unwrap().push(socket);
        }
    });
    let mut parts = parts(port, |_| {});
    let mut database = (*parts.database).clone();
    database.server.times.connect = SECOND;
    parts.database = Arc::new(database);
    let service = AuthQueryService::new(&parts).unwrap();
    let begun = Instant::now();
    let logins: Vec<_> = (0..100)
        .map(|n| {
            let service = service.clone();
            tokio::spawn(async move { service.look_up(&format!("user{n}"), LIMIT).await })
        })
        .collect();
    for login in logins {
        let error = login.await.unwrap().unwrap_err();
        assert_eq!(error.sqlstate.as_str(), "57P03");
    }
    assert!(begun.elapsed() < 3 * SECOND, "{:?}", begun.elapsed());
    let connects = connects.lock().unwrap().len();
    assert!(connects <= 2, "{connects} connects");
}
