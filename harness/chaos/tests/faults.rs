//! Each fault is put in place on a prepared ground, acts, and is undone: seen by clients, not by flags.

mod support;

use std::time::Duration;

use support::{Scene, is_silent, until};
use tokio::time::Instant;

/// Milliseconds.
const STAYS: u64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_network_act_and_are_undone() {
    let scene = Scene::prepare().await;
    for fault in ["latency 100 ms", "bandwidth 20 KB/s", "slices of 3 bytes"] {
        for side in ["clients", "servers"] {
            slows(&scene, &format!("{side}: {fault}")).await;
        }
    }
    for side in ["clients", "servers"] {
        for fault in ["reset", "down", "blackhole"] {
            breaks(&scene, &format!("{side}: {fault}")).await;
        }
    }
    scene.clear().await;
}

/// A query comes through, late where that can be told.
async fn slows(scene: &Scene, fault: &str) {
    let mut session = scene.session(0).await;
    let playing = scene.play(fault, STAYS);
    scene.is_there(fault).await;
    let began = Instant::now();
    let answer = session.run("SELECT repeat('x', 4000)").await.expect(fault);
    assert_eq!(answer.cell().map(str::len), Ok(4_000), "{fault}");
    let least = if fault.contains("slices") { 0 } else { 150 };
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(least), "{fault}: {took:?}");
    assert_hits(scene, fault, playing).await;
}

/// A session that was there is broken, or hears nothing.
async fn breaks(scene: &Scene, fault: &str) {
    let mut session = scene.session(1).await;
    let playing = scene.play(fault, STAYS);
    scene.is_there(fault).await;
    let query = session.run("SELECT 1");
    if fault.contains("blackhole") {
        assert!(is_silent(query, 200).await, "{fault}");
    } else {
        query.await.expect_err(fault);
    }
    if fault == "clients: down" {
        let refused = scene.login(2).await.expect_err("nobody listens");
        assert!(refused.message.contains("refused"), "{refused}");
    }
    if fault.contains("down") {
        playing.await.expect("played");
        assert_eq!(scene.ended().trouble, None, "{fault}");
        scene.works().await;
    } else {
        assert_hits(scene, fault, playing).await;
    }
}

async fn assert_hits(scene: &Scene, fault: &str, playing: tokio::task::JoinHandle<()>) {
    playing.await.expect("played");
    let ended = scene.ended();
    assert_eq!(ended.trouble, None, "{fault}");
    assert!(ended.hits > Some(0), "{fault}: {ended:?}");
    scene.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_points_act_and_are_undone() {
    let scene = Scene::prepare().await;
    // What waits lets the query through when it is over, and no earlier.
    for fault in [
        "clients: delay 200 ms before Query",
        "servers: hold before ReadyForQuery #1",
        "clients: hold after RowDescription",
        "servers: hold inside byte 3 of DataRow",
    ] {
        let mut session = scene.session(0).await;
        let playing = scene.play(fault, STAYS);
        scene.is_there(fault).await;
        let query = session.run("SELECT 1");
        tokio::pin!(query);
        assert!(is_silent(&mut query, 150).await, "{fault}");
        query.await.expect(fault);
        assert_hits(&scene, fault, playing).await;
    }
    let fault = "servers: split 2 bytes before DataRow";
    let mut session = scene.session(0).await;
    let playing = scene.play(fault, STAYS);
    scene.is_there(fault).await;
    session.run("SELECT 1").await.expect(fault);
    assert_hits(&scene, fault, playing).await;
    // What destroys.
    for fault in [
        "clients: close before Query",
        "clients: reset before Query",
        "servers: close after Query",
        "clients: truncate 3 bytes before ReadyForQuery",
        "servers: error 57P01 before Query",
    ] {
        let mut session = scene.session(1).await;
        let playing = scene.play(fault, STAYS);
        scene.is_there(fault).await;
        let failure = session.run("SELECT 1").await.expect_err(fault);
        if fault.contains("57P01") {
            assert_eq!(failure.sqlstate.as_deref(), Some("57P01"), "{failure}");
        }
        assert_hits(&scene, fault, playing).await;
    }
    let fault = "servers: duplicate before ReadyForQuery #1";
    let mut session = scene.session(0).await;
    let playing = scene.play(fault, STAYS);
    scene.is_there(fault).await;
    // A pooler may well not notice: there is nothing after it.
    session.run("SELECT 1").await.ok();
    assert_hits(&scene, fault, playing).await;
    blackhole_at_a_point(&scene).await;
    copies_both_ways(&scene).await;
    scene.clear().await;
}

async fn blackhole_at_a_point(scene: &Scene) {
    let fault = "clients: blackhole before Query";
    let mut session = scene.session(2).await;
    let playing = scene.play(fault, STAYS);
    scene.is_there(fault).await;
    assert!(is_silent(session.run("SELECT 1"), 200).await, "{fault}");
    assert_hits(scene, fault, playing).await;
}

/// CopyData is met in whichever direction it goes.
async fn copies_both_ways(scene: &Scene) {
    let fault = "clients: hold before CopyData";
    for direction in ["in", "out"] {
        let mut session = scene.session(0).await;
        let playing = scene.play(fault, STAYS);
        scene.is_there(fault).await;
        let driver = session.driver().expect("a driver");
        let copy = async {
            if direction == "in" {
                let sql = "COPY loads (token, number) FROM STDIN";
                let line = |number| format!("t\t{number}\n");
                driver.copy_in(sql, 3, line).await.map(drop)
            } else {
                driver.copy_out("COPY (SELECT 1) TO STDOUT").await.map(drop)
            }
        };
        tokio::pin!(copy);
        assert!(is_silent(&mut copy, 150).await, "{direction}");
        copy.await.expect(direction);
        assert_hits(scene, fault, playing).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_postgresql_act_and_are_undone() {
    let scene = Scene::prepare().await;
    for fault in ["restart fast", "restart immediate", "restart kill"] {
        let mut session = scene.session(0).await;
        session.run("BEGIN").await.expect("a transaction");
        played(&scene, &format!("PostgreSQL: {fault}"), async {
            session.run("SELECT 1").await.expect_err(fault);
            let superuser = scene.ground.instance.connect("postgres").await;
            superuser.expect_err("PostgreSQL is down");
        })
        .await;
    }
    frozen(&scene).await;
    terminated(&scene).await;
    reloaded(&scene).await;
    for user in 0..scene.ground.users.len() {
        passwords_change(&scene, user).await;
    }
    scene.clear().await;
}

/// Plays a fault, does something while it is there, and sees that all works afterwards; its hits.
async fn played(scene: &Scene, fault: &str, meanwhile: impl Future<Output = ()>) -> Option<u64> {
    let playing = scene.play(fault, STAYS);
    scene.is_there(fault).await;
    meanwhile.await;
    playing.await.expect("played");
    let ended = scene.ended();
    assert_eq!(ended.trouble, None, "{fault}");
    scene.works().await;
    ended.hits
}

/// No answer until it thaws; then the very same query gets its own.
async fn frozen(scene: &Scene) {
    let mut session = scene.session(0).await;
    played(scene, "PostgreSQL: freeze", async {
        let query = session.run("SELECT 7");
        tokio::pin!(query);
        assert!(is_silent(&mut query, 200).await, "it is not frozen");
        let answer = query.await.expect("an answer once it has thawed");
        assert_eq!(answer.cell(), Ok("7"));
    })
    .await;
}

async fn terminated(scene: &Scene) {
    let mut sessions = [scene.session(0).await, scene.session(1).await];
    for session in &mut sessions {
        session.run("BEGIN").await.expect("a transaction");
    }
    let hits = played(scene, "PostgreSQL: terminate one", async {
        let [first, second] = &mut sessions;
        let ended = [first.run("SELECT 1").await, second.run("SELECT 1").await];
        let lost = ended.iter().filter(|answer| answer.is_err()).count();
        assert!(lost <= 1, "{ended:?}");
    })
    .await;
    assert_eq!(hits, Some(1));
    let mut session = scene.session(2).await;
    session.run("BEGIN").await.expect("a transaction");
    let hits = played(scene, "PostgreSQL: terminate all", async {
        session.run("SELECT 1").await.expect_err("terminated");
    })
    .await;
    assert!(hits > Some(0), "{hits:?}");
}

async fn reloaded(scene: &Scene) {
    let zone = async || {
        let client = scene.ground.instance.connect("postgres").await;
        let client = client.expect("a superuser's session");
        let sql = "SELECT concat_ws(' ', current_setting('TimeZone'),
            current_setting('DateStyle'), current_setting('IntervalStyle'))";
        client
            .query_one(sql, &[])
            .await
            .expect("a row")
            .get::<_, String>(0)
    };
    let before = zone().await;
    played(scene, "PostgreSQL: reload", async {
        assert_ne!(zone().await, before);
    })
    .await;
    assert_eq!(zone().await, before);
}

async fn passwords_change(scene: &Scene, user: usize) {
    let before = scene.user(user).password();
    played(scene, &format!("password: new for user {user}"), async {}).await;
    assert_ne!(scene.user(user).password(), before);
    assert_eq!(scene.user(user).old_password(), Some(before));
    let stored = async || {
        let client = scene.ground.instance.connect("postgres").await;
        let client = client.expect("a superuser's session");
        let sql = "SELECT passwd FROM pg_shadow WHERE usename = $1";
        let name = &scene.user(user).name;
        client
            .query_one(sql, &[name])
            .await
            .expect("a row")
            .get::<_, String>(0)
    };
    let (secret, password) = (stored().await, scene.user(user).password());
    played(scene, &format!("password: same for user {user}"), async {}).await;
    assert_eq!(scene.user(user).password(), password);
    // An MD5 hash has no salt of its own.
    let scram = secret.starts_with("SCRAM");
    assert_eq!(stored().await != secret, scram, "user {user}");
    let changes = scene.history().password_changes;
    assert!(
        changes
            .iter()
            .filter(|(_, name)| *name == scene.user(user).name)
            .count()
            == 2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_look_ups_act_and_are_undone() {
    let scene = Scene::prepare().await;
    let connected = scene.session(0).await;
    let fault = "look-ups: down";
    let hits = played(&scene, fault, async {
        let failure = scene.login(1).await.expect_err("no look-up");
        assert_eq!(failure.sqlstate.as_deref(), Some("57P03"), "{failure}");
    })
    .await;
    assert!(hits > Some(0), "{fault}: {hits:?}");
    rested().await;
    let fault = "look-ups: silent";
    let hits = played(&scene, fault, async {
        assert!(is_silent(scene.login(2), 300).await, "{fault}");
    })
    .await;
    assert!(hits > Some(0), "{fault}: {hits:?}");
    rested().await;
    let fault = "look-ups: slow 300 ms";
    let hits = played(&scene, fault, async {
        let began = Instant::now();
        scene.login(3).await.expect(fault);
        assert!(began.elapsed() >= Duration::from_millis(300), "{fault}");
    })
    .await;
    assert!(hits > Some(0), "{fault}: {hits:?}");
    connected.leave().await;
    scene.clear().await;
}

/// Answers of look-ups are forgotten by then.
async fn rested() {
    tokio::time::sleep(chaos::ground::CACHE_TTL + Duration::from_millis(50)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_pooler_act_and_are_undone() {
    let scene = Scene::prepare().await;
    let pid = scene.pid().await;
    let reloads = || log(&scene).matches("reload").count();
    let before = reloads();
    played(&scene, "pooler: reload", async {}).await;
    until(|| reloads() > before).await;
    for fault in ["reload changed", "reload broken"] {
        let mut session = scene.session(0).await;
        played(&scene, &format!("pooler: {fault}"), async {
            assert!(!is_configured(&scene).await, "{fault}");
            session.run("SELECT 1").await.expect("it goes on");
        })
        .await;
        assert!(is_configured(&scene).await, "{fault}");
    }
    paused(&scene).await;
    assert_eq!(scene.pid().await, pid);
    for fault in ["kill", "drain"] {
        let before = scene.pid().await;
        let mut session = scene.session(1).await;
        played(&scene, &format!("pooler: {fault}"), async {
            session.run("SELECT 1").await.expect_err(fault);
            assert_eq!(scene.pid().await, None, "{fault}");
        })
        .await;
        assert_ne!(scene.pid().await, before, "{fault}");
    }
    scene.clear().await;
}

/// A query waits until RESUME.
async fn paused(scene: &Scene) {
    let mut session = scene.session(0).await;
    played(scene, "pooler: pause", async {
        let query = session.run("SELECT 1");
        tokio::pin!(query);
        assert!(is_silent(&mut query, 200).await, "it is not paused");
        query.await.expect("an answer after RESUME");
    })
    .await;
    // PAUSE waits for a transaction; the schedule does not wait for PAUSE.
    session.run("BEGIN").await.expect("a transaction");
    let began = Instant::now();
    let playing = scene.play("pooler: pause", STAYS);
    playing.await.expect("played");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "it was waited for"
    );
    session.run("COMMIT").await.expect("its end");
    scene.works().await;
}

async fn is_configured(scene: &Scene) -> bool {
    let pooler = scene.ground.pooler().await;
    let pooler = pooler.as_ref().expect("a pooler");
    pooler.is_configured(scene.ground.spec()).expect("its file")
}

fn log(scene: &Scene) -> String {
    let path = scene.ground.pooler_folder().join("pooler.log");
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Faults of every kind lie over each other, two of a kind too.
#[tokio::test(flavor = "multi_thread")]
async fn overlapping_faults_end_each_on_its_own() {
    let scene = Scene::prepare().await;
    let faults = [
        (0, 900, "clients: down"),
        (100, 300, "clients: down"),
        (50, 600, "pooler: kill"),
        (200, 200, "pooler: drain"),
        (250, 500, "pooler: pause"),
        (300, 300, "pooler: reload broken"),
        (100, 500, "PostgreSQL: restart kill"),
        (150, 300, "PostgreSQL: freeze"),
        (200, 300, "PostgreSQL: terminate all"),
        (250, 200, "password: new for user 1"),
        (100, 900, "look-ups: silent"),
        (100, 900, "servers: hold before ReadyForQuery"),
    ];
    let began = Instant::now();
    scene.play_all(&faults).await.expect("played");
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    let history = scene.history();
    assert_eq!(history.faults.len(), faults.len());
    // What would meet no server or no pooler has waited for it.
    for span in &history.faults {
        assert_eq!(span.trouble, None, "{}", span.fault);
    }
    // The first to go down comes up last: nobody connects while the pooler is another one.
    let down = |number: usize| history.faults.iter().find(|span| span.number == number);
    assert!(down(1).expect("a span").to > down(2).expect("a span").to);
    assert!(scene.current.words().is_empty());
    scene.works().await;
    scene.clear().await;
}

/// Ctrl-C in the middle of everything.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_short_is_lifted() {
    let scene = Scene::prepare().await;
    for (fault, other) in [
        ("pooler: kill", "clients: down"),
        ("PostgreSQL: freeze", "servers: blackhole"),
        ("pooler: pause", "clients: hold before Query"),
        ("PostgreSQL: restart immediate", "pooler: reload broken"),
        ("PostgreSQL: reload", "look-ups: down"),
    ] {
        let playing = scene.play_all(&[(0, 60_000, fault), (0, 60_000, other)]);
        scene.is_there(fault).await;
        scene.is_there(other).await;
        playing.abort();
        playing.await.expect_err("cut short");
        let lifted = chaos::faults::lift_all(&scene.ground).await;
        lifted.unwrap_or_else(|error| panic!("{fault}, {other}: {error}"));
        scene.works().await;
        assert!(is_configured(&scene).await, "{other}");
    }
    scene.clear().await;
}

/// A fault that can't be put in place says so, and the rest goes on.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_told() {
    let scene = Scene::prepare().await;
    for (fault, why) in [
        ("servers: hold before Nonsense", "no message"),
        ("clients: truncate 3 bytes after Query", "edge"),
        ("password: new for user 99", "no user"),
    ] {
        scene.play(fault, 20).await.expect("played");
        let ended = scene.ended();
        assert!(
            ended
                .trouble
                .as_deref()
                .is_some_and(|text| text.contains(why)),
            "{ended:?}"
        );
    }
    scene.works().await;
    scene.clear().await;
}
