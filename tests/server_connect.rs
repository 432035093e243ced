//! Opening, cancelling and burying server connections, on a real PostgreSQL.

#![allow(clippy::unwrap_used)] // A test fails where something is not as it must be.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pgturnstile::auth::scram::secret::ScramKeys;
use pgturnstile::config::settings::{
    CleartextRule, RequireAuth, Secret, ServerAddress, ServerTls, ServerTlsMode, SocketOptions,
};
use pgturnstile::net::buffer::BufferPool;
use pgturnstile::net::tls::connect::Connector;
use pgturnstile::server::cancel::cancel;
use pgturnstile::server::connect::{ConnectError, Credential, Opened, Target, connect};
use pgturnstile::server::undertaker::{Corpse, Undertaker};
use pgturnstile::wire::{backend, request};
use pgturnstile::world::World;
use support::Postgres;

const HBA: &str = "\
local   all  sam,max,trusted                trust
local   all  clear                          password
hostssl all  tls_only       127.0.0.1/32    trust
hostnossl all plain_only    127.0.0.1/32    trust
host    all  trusted        127.0.0.1/32    trust
host    all  clear          127.0.0.1/32    password
host    all  sam            127.0.0.1/32    scram-sha-256
host    all  max            127.0.0.1/32    md5";

const ROLES: &str = "\
CREATE ROLE sam LOGIN PASSWORD 'sam_pw';
CREATE ROLE clear LOGIN PASSWORD 'clear_pw';
CREATE ROLE trusted LOGIN;
CREATE ROLE tls_only LOGIN;
CREATE ROLE plain_only LOGIN;
SET password_encryption = md5;
CREATE ROLE max LOGIN PASSWORD 'max_pw'";

/// A PostgreSQL with one role for each way to log in, and TLS if asked for.
struct Stage {
    postgres: Postgres,
    world: World,
    undertaker: Undertaker,
}

impl Stage {
    async fn with_tls(on: bool) -> Self {
        let tls = if on {
            "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'"
        } else {
            ""
        };
        let postgres = Postgres::start(HBA, tls).await;
        postgres.sql(ROLES).await;
        let world = World::new();
        let undertaker = Undertaker::new(world.clone(), Duration::from_secs(5));
        Self {
            postgres,
            world,
            undertaker,
        }
    }

    fn target(&self, user: &str, credential: Credential, mode: ServerTlsMode) -> Target {
        let tls = ServerTls {
            mode,
            ca: Some(self.postgres.ca()),
            client_pair: None,
        };
        Target {
            address: ServerAddress::Tcp {
                host: "localhost".to_owned(),
                port: self.postgres.port,
            },
            database: "postgres".to_owned(),
            user: user.to_owned(),
            credential,
            tls: Arc::new(Connector::load(&tls).unwrap()),
            require_auth: everything(),
            startup_parameters: vec![("work_mem".to_owned(), "123kB".to_owned())],
            application_name: "a test".to_owned(),
            sockets: SocketOptions {
                buffer_size: None,
                keepalive_idle: Duration::from_secs(5),
                keepalive_interval: Duration::from_secs(5),
                keepalive_count: 5,
                user_timeout: None,
                no_delay: true,
            },
            connect_timeout: Duration::from_secs(10),
            buffers: BufferPool::new(1 << 20),
        }
    }

    fn over_unix(&self, mut target: Target) -> Target {
        target.address = ServerAddress::Unix(self.postgres.socket());
        target
    }

    async fn open(&self, target: &Target) -> Result<Opened, ConnectError> {
        let (opened, ()) = connect(&self.world, target, &self.undertaker, ()).await?;
        Ok(opened)
    }

    fn bury(&self, opened: Opened, owes_replies: bool, held: Box<dyn Send>) {
        let key = opened.key.map(|key| (key, opened.cancel_address));
        self.undertaker.bury(Corpse {
            pg: opened.pg,
            key,
            owes_replies,
            whole: true,
            held,
        });
    }
}

fn everything() -> RequireAuth {
    RequireAuth {
        none: true,
        password: CleartextRule::Protected,
        md5: true,
        scram_sha_256: true,
    }
}

fn password(text: &str) -> Credential {
    Credential::Password(Secret::new(text))
}

/// One simple query; the first value of its first row.
async fn ask(opened: &mut Opened, sql: &str) -> String {
    let mut bytes = Vec::new();
    request::query(&mut bytes, sql);
    opened.pg.send(&bytes).await.unwrap();
    let mut value = String::new();
    loop {
        let frame = opened.pg.read_frame(1 << 20).await.unwrap().unwrap();
        match frame.tag {
            backend::tags::DATA_ROW => value = String::from_utf8_lossy(&frame.body[6..]).into(),
            backend::tags::ERROR => panic!("{:?}", backend::Fields::parse(&frame.body)),
            backend::tags::READY_FOR_QUERY => return value,
            _ => {}
        }
    }
}

fn failure(outcome: Result<Opened, ConnectError>) -> ConnectError {
    outcome.expect_err("this login must fail")
}

#[tokio::test]
async fn each_method_logs_in_over_each_channel() {
    let stage = Stage::with_tls(true).await;
    let stored = "md5".to_owned() + &md5_of("max_pw", "max");
    for (user, credential) in [
        ("trusted", Credential::None),
        ("sam", password("sam_pw")),
        ("max", password("max_pw")),
        ("max", Credential::Md5(Secret::new(stored))),
    ] {
        for mode in [
            ServerTlsMode::Disable,
            ServerTlsMode::Prefer,
            ServerTlsMode::VerifyFull,
        ] {
            let target = stage.target(user, credential.clone(), mode);
            let mut opened = stage.open(&target).await.unwrap();
            assert_eq!(ask(&mut opened, "SELECT current_user").await, user);
            assert_eq!(ask(&mut opened, "SHOW work_mem").await, "123kB");
            let encrypted = ask(&mut opened, SSL_OF_ME).await;
            assert_eq!(encrypted == "t", mode != ServerTlsMode::Disable);
            assert_eq!(opened.pg.stream.tls().is_some(), encrypted == "t");
            assert_eq!(opened.parameters["application_name"], "a test");
            assert_eq!(opened.key.as_ref().unwrap().secret().len(), 4);
            stage.bury(opened, false, Box::new(()));
        }
    }
    stage.undertaker.finished().await;
}

const SSL_OF_ME: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// PostgreSQL's own word for what it stores.
fn md5_of(password: &str, user: &str) -> String {
    let stored = pgturnstile::auth::md5::hash(user, password.as_bytes());
    stored.trim_start_matches("md5").to_owned()
}

#[tokio::test]
async fn keys_of_the_verifier_log_in_and_others_send_no_proof() {
    let stage = Stage::with_tls(true).await;
    let stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'sam'";
    let stored = stage.postgres.sql(stored).await.remove(0);
    let verifier = pgturnstile::auth::scram::secret::Verifier::parse(&stored).unwrap();
    let keys = |salt: &[u8]| {
        let keys = ScramKeys::from_password(b"sam_pw", salt, verifier.iterations());
        Credential::Scram(Arc::new(keys.unwrap()))
    };
    for mode in [ServerTlsMode::Disable, ServerTlsMode::Require] {
        let target = stage.target("sam", keys(verifier.salt()), mode);
        let mut opened = stage.open(&target).await.unwrap();
        assert_eq!(ask(&mut opened, "SELECT current_user").await, "sam");
        stage.bury(opened, false, Box::new(()));

        let target = stage.target("sam", keys(b"another salt"), mode);
        let refused = failure(stage.open(&target).await);
        assert!(matches!(refused, ConnectError::KeysStale(_)), "{refused:?}");
        assert_eq!(refused.error().sqlstate.as_str(), "57P01");
    }
    stage.undertaker.finished().await;
    let log = stage.postgres.log();
    assert!(!log.contains("password authentication failed"), "{log}");

    // A server that trusts us has not proved to know the verifier.
    let target = stage.over_unix(stage.target("sam", keys(verifier.salt()), ServerTlsMode::Prefer));
    let refused = failure(stage.open(&target).await);
    assert_eq!(refused.error().sqlstate.as_str(), "08006");
}

#[tokio::test]
async fn refusals_carry_postgresqls_own_code() {
    let stage = Stage::with_tls(false).await;
    stage
        .postgres
        .sql("CREATE ROLE nobody NOLOGIN; ALTER ROLE max CONNECTION LIMIT 0")
        .await;
    let target = |user, credential| stage.target(user, credential, ServerTlsMode::Prefer);
    let mut elsewhere = target("trusted", Credential::None);
    elsewhere.database = "nowhere".to_owned();
    let mut senseless = target("trusted", Credential::None);
    senseless.startup_parameters = vec![("work_mem".to_owned(), "much".to_owned())];
    for (target, code) in [
        (target("sam", password("guess")), "28P01"),
        (target("nobody", Credential::None), "28000"),
        (target("max", password("max_pw")), "53300"),
        (elsewhere, "3D000"),
        (senseless, "22023"),
    ] {
        let refused = failure(stage.open(&target).await);
        assert!(matches!(refused, ConnectError::Refused(_)), "{refused:?}");
        assert_eq!(refused.error().sqlstate.as_str(), code, "{refused:?}");
    }
    for user in ["sam", "max"] {
        let refused = failure(stage.open(&target(user, Credential::None)).await);
        assert!(matches!(refused, ConnectError::NoKeys(_)), "{refused:?}");
        assert_eq!(refused.error().sqlstate.as_str(), "28000");
        assert!(refused.error().hint.is_some());
    }
    stage.undertaker.finished().await;
}

#[tokio::test]
async fn a_cleartext_password_leaves_only_where_nobody_reads_along() {
    let stage = Stage::with_tls(true).await;
    let target = |mode| stage.target("clear", password("clear_pw"), mode);
    for mode in [ServerTlsMode::Disable, ServerTlsMode::Prefer] {
        let refused = failure(stage.open(&target(mode)).await);
        assert!(
            refused.error().message.contains("server_require_auth"),
            "{refused:?}"
        );
    }
    for target in [
        target(ServerTlsMode::VerifyCa),
        target(ServerTlsMode::Require),
        stage.over_unix(target(ServerTlsMode::VerifyFull)),
    ] {
        let mut opened = stage.open(&target).await.unwrap();
        assert_eq!(ask(&mut opened, "SELECT current_user").await, "clear");
    }
    let mut never = target(ServerTlsMode::VerifyFull);
    never.require_auth.password = CleartextRule::Never;
    let mut no_scram = stage.target("sam", password("sam_pw"), ServerTlsMode::Disable);
    no_scram.require_auth.scram_sha_256 = false;
    let mut no_trust = stage.target("trusted", Credential::None, ServerTlsMode::Disable);
    no_trust.require_auth.none = false;
    for target in [never, no_scram, no_trust] {
        let refused = failure(stage.open(&target).await);
        assert!(
            refused.error().message.contains("server_require_auth"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn sslmode_words_mean_what_libpq_means() {
    use ServerTlsMode::{Allow, Disable, Prefer, Require};
    let with = Stage::with_tls(true).await;
    let without = Stage::with_tls(false).await;
    for (stage, user, mode, encrypted) in [
        (&with, "trusted", Disable, Some(false)),
        (&with, "trusted", Allow, Some(false)),
        (&with, "trusted", Prefer, Some(true)),
        (&with, "tls_only", Disable, None),
        (&with, "tls_only", Allow, Some(true)),
        (&with, "tls_only", Prefer, Some(true)),
        (&with, "plain_only", Allow, Some(false)),
        (&with, "plain_only", Prefer, Some(false)),
        (&with, "plain_only", Require, None),
        (&without, "trusted", Allow, Some(false)),
        (&without, "trusted", Prefer, Some(false)),
        (&without, "trusted", Require, None),
        (&without, "tls_only", Allow, None),
        (&without, "plain_only", Prefer, Some(false)),
    ] {
        let outcome = stage
            .open(&stage.target(user, Credential::None, mode))
            .await;
        let got = outcome.as_ref().ok().map(|o| o.pg.stream.tls().is_some());
        assert_eq!(got, encrypted, "{user} {mode:?}: {:?}", outcome.err());
    }
}

#[tokio::test]
async fn a_cancel_request_ends_a_query_and_is_awaited() {
    let stage = Stage::with_tls(true).await;
    for mode in [ServerTlsMode::Disable, ServerTlsMode::Require] {
        let target = stage.target("trusted", Credential::None, mode);
        let mut opened = stage.open(&target).await.unwrap();
        let mut bytes = Vec::new();
        request::query(&mut bytes, "SELECT pg_sleep(60)");
        opened.pg.send(&bytes).await.unwrap();
        stage.postgres.eventually(SLEEPERS, "1").await;
        let key = opened.key.clone().unwrap();
        let limit = Duration::from_secs(5);
        cancel(&stage.world, &opened.cancel_address, &key, limit)
            .await
            .unwrap();
        let frame = loop {
            let frame = opened.pg.read_frame(1 << 16).await.unwrap().unwrap();
            if frame.tag == backend::tags::ERROR {
                break frame;
            }
        };
        let fields = backend::Fields::parse(&frame.body).unwrap();
        assert_eq!(fields.sqlstate.as_str(), "57014");
    }
}

const SLEEPERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' \
                        AND state = 'active' AND pid <> pg_backend_pid()";
const OURS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'a test'";

#[tokio::test]
async fn a_discarded_server_is_gone_within_a_second_with_its_locks() {
    let stage = Stage::with_tls(true).await;
    for mode in [ServerTlsMode::Disable, ServerTlsMode::Require] {
        let target = stage.target("trusted", Credential::None, mode);
        let mut opened = stage.open(&target).await.unwrap();
        ask(&mut opened, "SELECT pg_advisory_lock(7)").await;
        let mut bytes = Vec::new();
        request::query(&mut bytes, "SELECT pg_sleep(60)");
        opened.pg.send(&bytes).await.unwrap();
        stage.postgres.eventually(SLEEPERS, "1").await;

        let (permit, mut freed) = tokio::sync::oneshot::channel::<()>();
        stage.bury(opened, true, Box::new(permit));
        assert_eq!(stage.undertaker.undertaking(), 1);
        assert!(
            freed
                .try_recv()
                .is_err_and(|e| e == tokio::sync::oneshot::error::TryRecvError::Empty)
        );
        let freed = tokio::time::timeout(Duration::from_secs(1), freed).await;
        assert!(freed.expect("the permit is free within a second").is_err());
        stage.postgres.eventually(OURS, "0").await;
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(stage.postgres.sql(locks).await, ["0"]);
        stage.undertaker.finished().await;
        assert_eq!(stage.undertaker.undertaking(), 0);
    }
    assert!(
        !stage.postgres.log().contains("unexpected EOF"),
        "{}",
        stage.postgres.log()
    );
    assert_eq!(stage.world.tasks(), 0);
}

/// Drops a login after each number of polls: at every await there is.
#[tokio::test]
async fn a_login_dropped_at_any_await_leaves_nothing() {
    let stage = Stage::with_tls(true).await;
    for mode in [ServerTlsMode::Disable, ServerTlsMode::Require] {
        let target = stage.target("sam", password("sam_pw"), mode);
        let mut polls = 0;
        loop {
            let (permit, freed) = tokio::sync::oneshot::channel::<()>();
            let login = connect(&stage.world, &target, &stage.undertaker, permit);
            let mut login = Box::pin(login);
            let done = poll_times(&mut login, polls).await;
            drop(login);
            let complete = done.is_some();
            if let Some(outcome) = done {
                let (opened, permit) = outcome.unwrap();
                stage.bury(opened, false, Box::new(permit));
            }
            let over = tokio::time::timeout(Duration::from_secs(5), freed).await;
            assert!(over.expect("the permit comes back").is_err());
            if complete {
                break;
            }
            polls += 1;
        }
        // To resolve, to dial, to wait for a challenge and for the end of the login: at least.
        assert!(
            polls >= 4,
            "it took only {polls} polls: not every await was tried"
        );
        stage.undertaker.finished().await;
        stage.postgres.eventually(OURS, "0").await;
    }
    let log = stage.postgres.log();
    assert!(!log.contains("expected password response"), "{log}");
}

/// Polls at most so many times; `None` = not done by then.
async fn poll_times<F: Future + Unpin>(future: &mut F, times: usize) -> Option<F::Output> {
    let mut left = times;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        std::pin::Pin::new(&mut *future).poll(cx).map(Some)
    })
    .await
}

#[tokio::test]
async fn a_name_with_a_dead_address_first_still_connects() {
    let stage = Stage::with_tls(false).await;
    // `localhost` is ::1 too on most machines, where this PostgreSQL does not listen.
    let addresses = stage
        .world
        .resolve("localhost", stage.postgres.port)
        .await
        .unwrap();
    let target = stage.target("trusted", Credential::None, ServerTlsMode::Prefer);
    let mut opened = stage.open(&target).await.unwrap();
    assert_eq!(ask(&mut opened, "SELECT 1").await, "1", "{addresses:?}");
    let report: &BTreeMap<String, String> = &opened.parameters;
    assert!(report.contains_key("server_version"));
}
