//! The watch sees what is there, and is held up by nothing.

mod support;

use std::sync::Arc;

use chaos::ground::LOOKUP_ROLE;
use chaos::history::What;
use chaos::watch::{Watch, log_lines};
use support::{Scene, until};

#[tokio::test(flavor = "multi_thread")]
async fn samples_and_what_fired_are_noted() {
    let scene = Scene::prepare().await;
    let watch = Watch::begin(Arc::clone(&scene.ground), scene.recorder.clone());
    let mut session = scene.session(0).await;
    session.run("BEGIN").await.expect("a transaction");
    let name = scene.user(0).name.clone();
    // One sample has it from all three.
    until(|| {
        let samples = scene.history().samples;
        samples.iter().any(|(_, sample)| {
            let held = sample.internals.get("leases") == Some(&1);
            let mut pools = sample.pools.iter();
            held && pools.any(|pool| pool.user == name && pool.sv_active == 1)
                && sample.sessions.get(&name) == Some(&1)
                && sample.sessions.contains_key(LOOKUP_ROLE)
                && !sample.sessions.contains_key("postgres")
        })
    })
    .await;
    scene.play("servers: delay 20 ms before DataRow", 100_000);
    scene.is_there("servers: delay 20 ms before DataRow").await;
    session.run("SELECT 1").await.expect("a row");
    watch.end().await;
    let events = scene.events();
    let mut fired = events.iter().filter_map(|event| match &event.what {
        What::Fired {
            number,
            message,
            direction,
            ..
        } => Some((event.at, *number, message.as_str(), direction.as_str())),
        _ => None,
    });
    let (at, number, message, direction) = fired.next().expect("it fired");
    assert_eq!((number, message, direction), (1, "DataRow", "downstream"));
    let spans = scene.history().faults;
    assert!(
        spans[0].from <= at && at <= scene.recorder.now(),
        "{spans:?}, {at}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_holds_the_watch_up() {
    let scene = Scene::prepare().await;
    let watch = Watch::begin(Arc::clone(&scene.ground), scene.recorder.clone());
    scene.session(0).await;
    let began = scene.recorder.now();
    let faults = [
        (100, 1_500, "PostgreSQL: freeze"),
        (1_800, 700, "PostgreSQL: restart kill"),
        (1_800, 500, "pooler: kill"),
    ];
    scene.play_all(&faults).await.expect("played");
    until(|| {
        scene
            .history()
            .samples
            .last()
            .is_some_and(|(_, s)| !s.internals.is_empty())
    })
    .await;
    watch.end().await;
    let samples = scene.history().samples;
    let times = samples.iter().map(|(at, _)| *at).filter(|at| *at >= began);
    let times: Vec<u64> = times.collect();
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest < Some(1_100_000), "{longest:?}");
    // While PostgreSQL stood still the pooler was asked all the same.
    let frozen = &scene.history().faults[0];
    let inside = |at: u64| frozen.from + 600_000 < at && at < frozen.to;
    let within: Vec<_> = samples.iter().filter(|(at, _)| inside(*at)).collect();
    assert!(within.len() >= 2, "{}", within.len());
    for (_, sample) in within {
        assert!(
            !sample.internals.is_empty() && sample.sessions.is_empty(),
            "{sample:?}"
        );
    }
    scene.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_must_not_stand_in_a_log_is_noted() {
    let scene = Scene::prepare().await;
    scene.works().await;
    scene
        .play_all(&[
            (0, 100, "pooler: kill"),
            (0, 10, "password: new for user 0"),
        ])
        .await
        .expect("played");
    scene.works().await;
    log_lines(&scene.ground, &scene.recorder).await;
    let lines = || {
        let events = scene.events();
        let told = events.iter().filter_map(|event| match &event.what {
            What::LogLine { whose, why } => Some(format!("{whose}: {why}")),
            _ => None,
        });
        told.collect::<Vec<String>>()
    };
    assert_eq!(lines(), Vec::<String>::new());
    // Both poolers' logs are read, and the proxy's: each says where it listens.
    scene.user(1).learn("listening on".to_owned());
    log_lines(&scene.ground, &scene.recorder).await;
    let told = lines();
    let of = |whose: &str| told.iter().filter(|line| line.starts_with(whose)).count();
    assert!(of("pooler") == 2 && of("proxy") > 0, "{told:?}");
    assert!(
        told.iter()
            .all(|line| line.ends_with("a password of user_001")),
        "{told:?}"
    );
    scene.clear().await;
}
