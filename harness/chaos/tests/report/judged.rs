//! What is made of the story: verdicts of every sort, coverage, and the summary of all.

use chaos::history::{Answer, History, Outcome, Phase, What, Work};
use chaos::judge::Verdict;
use chaos::plan::{Order, Schedule};
use chaos::report::{CoverageTable, Summary};

use crate::story::{HOSTILE, SEED, Story};

/// Judges of every sort: content, without facts, and complaining with hostile words.
pub(crate) fn verdicts() -> Vec<Verdict> {
    let verdict = |judge: &str, rule: &str, facts| Verdict {
        judge: judge.to_owned(),
        rule: rule.to_owned(),
        facts,
        ..Verdict::default()
    };
    let mut verdicts = vec![
        verdict(
            "replies",
            "every reply carries the token of its own request",
            5_821,
        ),
        verdict(
            "identity",
            "each answer comes from a server of the user that asked",
            5_300,
        ),
        verdict("sums", "transfers keep the sum of all balances", 1_213),
        verdict("lists", "the histories of the lists are serializable", 0),
        verdict(
            "logins",
            "each login ends in time, ready or with an SQLSTATE",
            640,
        ),
        verdict(
            "recovery",
            "within 10 s of the last fault everything works again",
            17,
        ),
    ];
    for number in 0..25 {
        let at = 4_000_000 + number * 731_000;
        let text = format!("request {number} of user3 got the reply to {HOSTILE}");
        verdicts[1].complain(at, text);
    }
    let thrown = "user2 waited 5.2 s and got neither ready nor an SQLSTATE";
    verdicts[4].complain(12_345_678, thrown);
    verdicts
}

pub(crate) fn coverage() -> Vec<CoverageTable> {
    let rows = [
        "delay",
        "hold",
        "close",
        "reset",
        "blackhole",
        "truncate",
        "split",
        "error",
    ];
    let rows = (3..)
        .zip(rows)
        .map(|(at, name)| (name.to_owned(), at * 5, 58));
    let never = (0..120).map(|at| format!("hold before CopyData, state {at}"));
    vec![CoverageTable {
        title: "points × actions × states".to_owned(),
        reached: 412,
        possible: 1_044,
        rows: rows.collect(),
        never: never.chain([HOSTILE.to_owned()]).collect(),
    }]
}

pub(crate) fn summary() -> Summary {
    let history = History::of(Story::whole().events);
    Summary::of(&history, &verdicts(), &coverage())
}

/// An hour of faults over work of one kind.
pub(crate) fn hour() -> History {
    let mut story = Story::begin();
    let phase = Phase::Storm;
    story.say(0, What::Phase { phase });
    story.faults(&Schedule::of(&Order {
        seed: SEED,
        seconds: 3_600,
        clients: 24,
        users: 8,
    }));
    for op in 1..=200_000 {
        let at = op * 18_000;
        let (session, work) = (1, Work::Total);
        story.say(at, What::Asked { op, session, work });
        let outcome = Outcome::Total { sum: 1 };
        let answer = Answer {
            outcome,
            held: None,
        };
        story.say(at + 900 + op % 7_000, What::Answered { op, answer });
    }
    story.events.sort_by_key(|event| event.at);
    History::of(story.events)
}
