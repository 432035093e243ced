//! Histories of a store that is serializable, and the same with one anomaly put in.
//!
//! The store takes a snapshot where a transaction begins, and rolls back at COMMIT what has read or
//! appended to a list that has changed since: with random times that is a random interleaving.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Lists, Transactions};
use crate::history::{
    Answer, Contents, Effect, Event, History, ListStep, Op, Outcome, Password, Session, What, Work,
};
use crate::judge::fixture::failed;
use crate::judge::{Judge, Verdict};

/// What a transaction will do, and when.
#[derive(Debug, Clone)]
struct Plan {
    begins: u64,
    lasts: u64,
    /// List, and whether to append to it.
    steps: Vec<(u32, bool)>,
    /// Whether its client does not learn the end, and whether it rolls back anyhow.
    silent: bool,
    gives_up: bool,
}

type Store = BTreeMap<u32, Vec<u64>>;

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let steps = vec((0..4_u32, any::<bool>()), 1..5);
    let plan =
        (0..400_u64, 1..12_u64, steps, 0..10_u8).prop_map(|(begins, lasts, steps, luck)| Plan {
            begins,
            lasts,
            steps,
            silent: luck == 0,
            gives_up: luck == 1 || luck == 2,
        });
    vec(plan, 30..80)
}

/// Plays the plans on the store.
fn play(plans: &[Plan]) -> History {
    let mut moments = Vec::new();
    for (place, plan) in plans.iter().enumerate() {
        moments.push((plan.begins, 1, place));
        moments.push((plan.begins + plan.lasts, 0, place));
    }
    moments.sort_unstable();
    let mut store = Store::new();
    let mut snapshots: BTreeMap<usize, Store> = BTreeMap::new();
    let mut history = with_sessions();
    for (_, _, place) in moments {
        let Some(snapshot) = snapshots.remove(&place) else {
            snapshots.insert(place, store.clone());
            continue;
        };
        let op = finish(place, &plans[place], &snapshot, &mut store);
        history.ops.push(op);
    }
    history.ops.sort_by_key(|op| op.asked);
    history.contents = Some(Contents {
        lists: store.into_iter().collect(),
        ..Contents::default()
    });
    // Its end.
    history.events.push(Event {
        at: 1_000_000,
        what: What::LoggedIn { session: 1 },
    });
    history
}

fn finish(place: usize, plan: &Plan, snapshot: &Store, store: &mut Store) -> Op {
    let number = place as u64 + 1;
    let (mut steps, mut seen) = (Vec::new(), Vec::new());
    let mut local = snapshot.clone();
    for (at, (list, append)) in plan.steps.iter().enumerate() {
        let list = *list;
        let items = local.entry(list).or_default();
        if *append {
            let value = number * 8 + at as u64;
            items.push(value);
            steps.push(ListStep::Append { list, value });
            seen.push(None);
        } else {
            steps.push(ListStep::Read { list });
            seen.push(Some(items.clone()));
        }
    }
    let is_same = |list: &u32| snapshot.get(list).map(Vec::len) == store.get(list).map(Vec::len);
    let reads_only = plan.steps.iter().all(|(_, append)| !append);
    let fits = reads_only || plan.steps.iter().all(|(list, _)| is_same(list));
    let commits = fits && !plan.gives_up;
    if commits {
        for (list, _) in plan.steps.iter().filter(|(_, append)| *append) {
            store.insert(*list, local[list].clone());
        }
    }
    let outcome = match (plan.silent, commits) {
        (true, _) => failed(None, Effect::Unknown),
        (false, true) => Outcome::Lists { seen },
        (false, false) => failed(Some("40001"), Effect::None),
    };
    let ended = (plan.begins + plan.lasts) * 10 + 5;
    Op {
        number,
        session: 1 + number % 3,
        asked: plan.begins * 10,
        work: Work::Lists { steps },
        answer: Some((ended, Answer::from(outcome))),
    }
}

fn with_sessions() -> History {
    let session = |number: u64| Session {
        number,
        client: format!("alice#{number}"),
        user: "alice".to_owned(),
        password: Password::Right,
        tls: false,
        began: 0,
        login: None,
        left: None,
    };
    History {
        sessions: (1..=3).map(|number| (number, session(number))).collect(),
        ..History::default()
    }
}

/// A change to a good history; `None` where there is nothing to change.
type Injection = fn(&mut History) -> Option<()>;

/// What each has to be called.
const INJECTIONS: &[(&str, Injection)] = &[
    ("lost append", |history| {
        let op = committed(history, |steps| distinct_lists(steps) > 0)?;
        let (list, value) = first_append(&history.ops[op])?;
        kept(history, list)?.retain(|item| *item != value);
        Some(())
    }),
    ("torn", |history| {
        let op = committed(history, |steps| distinct_lists(steps) > 1)?;
        history.ops[op].answer = None;
        let (list, value) = first_append(&history.ops[op])?;
        kept(history, list)?.retain(|item| *item != value);
        Some(())
    }),
    ("duplicate", |history| {
        let lists = &mut history.contents.as_mut()?.lists;
        let items = &mut lists.last_mut()?.1;
        items.push(*items.last()?);
        Some(())
    }),
    ("phantom", |history| {
        let lists = &mut history.contents.as_mut()?.lists;
        lists.last_mut()?.1.push(7);
        Some(())
    }),
    ("incompatible order", |history| {
        let (_, seen) = a_read(history, |seen| seen.len() > 1)?;
        seen.reverse();
        Some(())
    }),
    ("G1a", |history| {
        let op = committed(history, |steps| distinct_lists(steps) > 0)?;
        history.ops[op].answer = Some((1, Answer::from(failed(Some("40001"), Effect::None))));
        Some(())
    }),
    ("internal", |history| {
        let ops = history.ops.iter_mut();
        let mut seen = ops.filter_map(own_read);
        seen.next()?.pop();
        Some(())
    }),
    ("stale read", |history| {
        // The last is asked when all others have been answered.
        let (list, seen) = a_read(history, |seen| !seen.is_empty())?;
        let witness = seen.clone();
        let reads = |items: &[u64]| (vec![ListStep::Read { list }], items.to_vec());
        add(history, 20_000, reads(&witness));
        add(history, 30_000, reads(&[]));
        Some(())
    }),
    ("G0", |history| {
        let both = |one, two| vec![append(50, one), append(51, two)];
        at_once(history, [(both(1, 2), vec![]), (both(3, 4), vec![])]);
        keep(history, [(50, vec![1, 3]), (51, vec![4, 2])])
    }),
    ("G1c", |history| {
        let (one, two) = (ListStep::Read { list: 50 }, ListStep::Read { list: 51 });
        let first = (vec![append(50, 1), two], vec![2]);
        let second = (vec![append(51, 2), one], vec![1]);
        at_once(history, [first, second]);
        keep(history, [(50, vec![1]), (51, vec![2])])
    }),
    ("G-single", |history| {
        let update = |value| (vec![ListStep::Read { list: 50 }, append(50, value)], vec![]);
        at_once(history, [update(1), update(2)]);
        keep(history, [(50, vec![1, 2]), (51, vec![])])
    }),
    ("G2", |history| {
        let skew =
            |list, other, value| (vec![ListStep::Read { list }, append(other, value)], vec![]);
        at_once(history, [skew(50, 51, 1), skew(51, 50, 2)]);
        keep(history, [(50, vec![2]), (51, vec![1])])
    }),
];

/// Steps, and what each of its reads saw.
type Told = (Vec<ListStep>, Vec<u64>);

fn append(list: u32, value: u64) -> ListStep {
    ListStep::Append { list, value }
}

fn at_once(history: &mut History, told: [Told; 2]) {
    for told in told {
        add(history, 20_000, told);
    }
}

fn add(history: &mut History, asked: u64, (steps, items): Told) {
    let read = |step: &ListStep| matches!(step, ListStep::Read { .. }).then(|| items.clone());
    let seen = steps.iter().map(read).collect();
    history.ops.push(Op {
        number: 1_000 + history.ops.len() as u64,
        session: 1,
        asked,
        work: Work::Lists { steps },
        answer: Some((asked + 10, Answer::from(Outcome::Lists { seen }))),
    });
}

fn keep(history: &mut History, lists: [(u32, Vec<u64>); 2]) -> Option<()> {
    history.contents.as_mut()?.lists.extend(lists);
    Some(())
}

fn kept(history: &mut History, wanted: u32) -> Option<&mut Vec<u64>> {
    let lists = &mut history.contents.as_mut()?.lists;
    let found = lists.iter_mut().find(|(list, _)| *list == wanted);
    found.map(|(_, items)| items)
}

fn committed(history: &History, fits: impl Fn(&[ListStep]) -> bool) -> Option<usize> {
    history
        .ops
        .iter()
        .position(|op| match (&op.work, &op.answer) {
            (Work::Lists { steps }, Some((_, answer))) => {
                matches!(answer.outcome, Outcome::Lists { .. }) && fits(steps)
            }
            _ => false,
        })
}

fn distinct_lists(steps: &[ListStep]) -> usize {
    let lists = super::transaction::appends(steps).map(|(list, _)| list);
    lists.collect::<std::collections::BTreeSet<_>>().len()
}

fn first_append(op: &Op) -> Option<(u32, u64)> {
    match &op.work {
        Work::Lists { steps } => super::transaction::appends(steps).next(),
        _ => None,
    }
}

/// A read that ends with the reader's own append.
fn own_read(op: &mut Op) -> Option<&mut Vec<u64>> {
    let own = op.number;
    let Outcome::Lists { seen } = &mut op.answer.as_mut()?.1.outcome else {
        return None;
    };
    let mut reads = seen.iter_mut().flatten();
    reads.find(|items| items.last().is_some_and(|last| last / 8 == own))
}

/// A read of others' appends only.
fn a_read(history: &mut History, fits: impl Fn(&[u64]) -> bool) -> Option<(u32, &mut Vec<u64>)> {
    history.ops.iter_mut().find_map(|op| {
        let Work::Lists { steps } = &op.work else {
            return None;
        };
        let reads_only = steps
            .iter()
            .all(|step| matches!(step, ListStep::Read { .. }));
        let Outcome::Lists { seen } = &mut op.answer.as_mut()?.1.outcome else {
            return None;
        };
        let mut reads = steps
            .iter()
            .zip(seen)
            .filter_map(|(step, seen)| match step {
                ListStep::Read { list } if reads_only => Some((*list, seen.as_mut()?)),
                _ => None,
            });
        reads.find(|(_, seen)| fits(seen))
    })
}

fn verdict(history: &History) -> Verdict {
    Lists.judge(history)
}

proptest! {
    #[test]
    fn what_is_serializable_is_left_in_peace(plans in plans()) {
        let mut history = play(&plans);
        let told = verdict(&history);
        prop_assert!(told.is_content(), "{:?}", told.complaints);
        history.contents = None;
        let told = verdict(&history);
        prop_assert!(told.is_content(), "without contents: {:?}", told.complaints);
    }

    #[test]
    fn each_anomaly_is_found_by_name(plans in plans()) {
        for (name, inject) in INJECTIONS {
            let mut history = play(&plans);
            if inject(&mut history).is_none() {
                continue;
            }
            let found = super::findings(&Transactions::of(&history));
            let named = found.iter().any(|(_, text)| text.starts_with(name));
            prop_assert!(named, "{name}: {found:?}");
        }
    }
}

/// Not every history has a place for every anomaly, but nearly all have one for each.
#[test]
fn each_anomaly_finds_its_place() {
    let step = |number: u64| vec![(0, number.is_multiple_of(2)), (1, true), (0, false)];
    let plan = |number: u64| Plan {
        begins: number * 20,
        lasts: 5,
        steps: if number.is_multiple_of(5) {
            vec![(0, false)]
        } else {
            step(number)
        },
        silent: false,
        gives_up: false,
    };
    let plans: Vec<Plan> = (1..30).map(plan).collect();
    for (name, inject) in INJECTIONS {
        assert!(inject(&mut play(&plans)).is_some(), "{name}");
    }
}

/// An hour has some 100,000 transactions: whatever is quadratic takes minutes here.
#[test]
fn a_long_history_costs_no_more_than_its_length() {
    const TRANSACTIONS: u64 = 50_000;
    const APPENDS: u64 = 60;
    let mut history = with_sessions();
    let mut lists: Vec<(u32, Vec<u64>)> = Vec::new();
    for number in 1..TRANSACTIONS {
        let list = u32::try_from(number / APPENDS).expect("few lists");
        if lists.last().is_none_or(|(last, _)| *last != list) {
            lists.push((list, Vec::new()));
        }
        let (_, items) = lists.last_mut().expect("it is there");
        items.push(number);
        let steps = vec![append(list, number), ListStep::Read { list }];
        let items = items.clone();
        add(&mut history, number * 20, (steps, items));
    }
    history.contents = Some(Contents {
        lists,
        ..Contents::default()
    });
    let began = std::time::Instant::now();
    assert!(verdict(&history).is_content());
    history.contents = None;
    assert!(verdict(&history).is_content());
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
}
