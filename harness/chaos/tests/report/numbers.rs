//! The numbers of a summary, against the history that they come from.

use std::fs;
use std::path::Path;
use std::time::Instant;

use chaos::history::{
    Answer, Effect, Event, History, Leaving, Outcome, Password, Phase, What, Work,
};
use chaos::report::{self, Summary, Tally};

use crate::judged::{coverage, hour, summary, verdicts};
use crate::story::{HOSTILE, Story, failure};

fn sum(tallies: &[Tally], count: impl Fn(&Tally) -> u64) -> u64 {
    tallies.iter().map(count).sum()
}

fn count(history: &History, fits: impl Fn(&What) -> bool) -> u64 {
    history
        .events
        .iter()
        .filter(|event| fits(&event.what))
        .count() as u64
}

fn answered(outcome: Outcome) -> What {
    let answer = Answer {
        outcome,
        held: None,
    };
    What::Answered { op: 1, answer }
}

#[test]
fn outcomes_add_up() {
    let history = History::of(Story::whole().events);
    let summary = Summary::of(&history, &[], None);
    let (requests, logins) = (&summary.requests, &summary.logins);
    for tally in requests.iter().chain(logins) {
        let outcomes = tally.ok + tally.failures() + tally.abandoned + tally.unanswered;
        assert_eq!(outcomes, tally.asked, "{tally:?}");
    }
    let asked = count(&history, |what| matches!(what, What::Asked { .. }));
    assert!(asked > 500, "{asked}");
    assert_eq!(sum(requests, |tally| tally.asked), asked);
    let refused = count(&history, |what| matches!(what, What::Refused { .. }));
    assert!(refused > 10, "{refused}");
    assert_eq!(sum(logins, Tally::failures), refused);
    let told = summary.sqlstates.iter();
    assert_eq!(told.map(|way| way.logins).sum::<u64>(), refused);
}

#[test]
fn the_timeline_holds_every_request_once() {
    let summary = summary();
    let buckets = &summary.timeline.buckets;
    let ok: u64 = buckets.iter().map(|bucket| bucket.ok).sum();
    assert_eq!(ok, sum(&summary.requests, |tally| tally.ok));
    let failed: u64 = buckets.iter().map(|bucket| bucket.failed).sum();
    assert_eq!(failed, sum(&summary.requests, Tally::failures));
    let let_in: u64 = buckets.iter().map(|bucket| bucket.logins_ok).sum();
    assert_eq!(let_in, sum(&summary.logins, |tally| tally.ok));
    assert!(buckets.iter().all(|bucket| bucket.p50_ms <= bucket.p99_ms));
    assert!(buckets.iter().any(|bucket| bucket.servers.is_some()));
}

/// A small run whose numbers can be read off.
#[test]
fn a_slice_has_what_ended_in_it() {
    let mut story = Story::begin();
    let login = |session| What::Login {
        session,
        client: "client 1".to_owned(),
        user: "user1".to_owned(),
        password: Password::Right,
        tls: false,
    };
    story.say(
        0,
        What::Phase {
            phase: Phase::WarmUp,
        },
    );
    story.say(1_000, login(1));
    story.say(2_000, What::LoggedIn { session: 1 });
    let (op, session, work) = (1, 1, Work::Total);
    story.say(240_000, What::Asked { op, session, work });
    let failure = failure(Some("57P01"), "gone");
    let effect = Effect::Unknown;
    story.say(290_000, answered(Outcome::Failed { failure, effect }));
    let how = Leaving::Thrown;
    story.say(300_000, What::Left { session: 1, how });
    let summary = Summary::of(&History::of(story.events), &[], None);
    let [first, second] = &summary.timeline.buckets[..] else {
        panic!("{:?}", summary.timeline);
    };
    assert_eq!((first.logins_ok, first.clients, first.p50_ms), (1, 1, None));
    assert_eq!((second.failed, second.clients), (1, 0));
    let p50 = second.p50_ms.expect("a time");
    assert!((p50 - 50.0).abs() < 0.1, "{p50}");
    assert_eq!(summary.requests[0].failed["57P01"], 1);
}

#[test]
fn the_seed_replays_its_own_schedule_only() {
    let mut story = Story::whole();
    let replay = |story: &Story| {
        let history = History::of(story.events.clone());
        Summary::of(&history, &[], None).replay
    };
    let told = replay(&story);
    let wanted = "make chaos SEED=7 MINUTES=0.3333 CLIENTS=24 USERS=8 \
                  POOLER=pgturnstile PG_PROVIDER=local";
    assert_eq!(told.command, wanted);
    assert!(told.from_seed);
    for event in &mut story.events {
        if let What::FaultBegan { number: 3, fault } = &mut event.what {
            *fault = "servers: latency 123 ms".parse().expect("a fault");
        }
    }
    let told = replay(&story);
    assert!(!told.from_seed);
    assert!(
        told.command.ends_with("ci/chaos --schedule schedule.json"),
        "{}",
        told.command
    );
}

#[test]
fn report_json_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = summary();
    report::write(&summary, folder.path()).expect("written");
    let text = fs::read_to_string(folder.path().join("report.json")).expect("a file");
    let read: Summary = serde_json::from_str(&text).expect("JSON");
    assert_eq!(read.requests, summary.requests);
    assert_eq!(read.judges, summary.judges);
    assert_eq!(read.timeline.buckets.len(), summary.timeline.buckets.len());
}

#[test]
fn the_text_names_who_complains() {
    let text = report::text(&summary());
    assert!(text.contains("FAIL identity"), "{text}");
    assert!(text.contains("ok   replies"), "{text}");
    assert!(text.contains("skip lists"), "{text}");
    assert!(text.contains("and 22 more"), "{text}");
    assert!(text.contains("12.345 s user2 waited 5.2 s"), "{text}");
    assert!(text.contains("412 of 1044 (39 %)"), "{text}");
    assert!(text.contains("SEED=7"), "{text}");
    let last = text.lines().last();
    let wanted = "2 of 6 judges complain: identity, logins; 1 had nothing to judge.";
    assert_eq!(last, Some(wanted));
}

/// A terminal does what control characters say.
#[test]
fn the_text_holds_no_control_characters() {
    let mut verdicts = verdicts();
    verdicts[0].complain(1, "a\u{1b}[2Jb\r\nc");
    let history = History::of(Story::whole().events);
    let text = report::text(&Summary::of(&history, &verdicts, &coverage()));
    let bad = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(bad), "{text}");
}

/// An hour: slices stay few, the page stays small, and the work near-linear.
#[test]
fn a_long_run_is_summed_up_soon() {
    let history = hour();
    let began = Instant::now();
    let summary = Summary::of(&history, &verdicts(), &coverage());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report/hour");
    fs::create_dir_all(&folder).expect("a folder");
    report::write(&summary, &folder).expect("written");
    let took = began.elapsed();
    let page = fs::metadata(folder.join("report.html")).expect("a file");
    assert!(summary.timeline.buckets.len() <= 600);
    assert!(summary.faults.len() > 4_000, "{}", summary.faults.len());
    assert_eq!(summary.requests[0].ok, 200_000);
    assert!(took.as_secs() < 20, "{took:?}");
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
}

#[test]
fn an_empty_history_is_shown_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    for events in [Vec::<Event>::new(), Story::begin().events] {
        let summary = Summary::of(&History::of(events), &[], None);
        report::write(&summary, folder.path()).expect("written");
        assert!(report::text(&summary).contains("Nobody judged this run."));
    }
}

#[test]
fn the_page_escapes_what_comes_from_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    report::write(&summary(), folder.path()).expect("written");
    let page = fs::read_to_string(folder.path().join("report.html")).expect("a file");
    assert!(!page.contains(HOSTILE), "it is there as it came");
    assert!(!page.contains("<script>document"), "a script got in");
    assert!(
        page.contains("&lt;script&gt;document.title"),
        "it is nowhere"
    );
}
