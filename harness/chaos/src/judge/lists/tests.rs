//! A history with each anomaly, by hand, on lists of its own.

use super::transaction::Transactions;
use crate::history::{Effect, ListStep, Outcome, What, Work};
use crate::judge::fixture::{Book, MS, Seeded, failed};

const OWN: &[&str] = &["lists"];

/// Steps like `50 += 900` and `50 = 900 901`, and what they see.
fn read(text: &str) -> (Vec<ListStep>, Vec<Option<Vec<u64>>>) {
    let number = |text: &str| text.trim().parse::<u64>().expect("a number");
    let step = |text: &str| {
        if let Some((list, value)) = text.split_once("+=") {
            let list = u32::try_from(number(list)).expect("a list");
            let value = number(value);
            return (ListStep::Append { list, value }, None);
        }
        let (list, values) = text.split_once('=').expect("a step");
        let list = u32::try_from(number(list)).expect("a list");
        let values = values.split_whitespace().map(number).collect();
        (ListStep::Read { list }, Some(values))
    };
    text.split(',').map(step).unzip()
}

/// Transactions of alice and bob by turns, all at the same time.
fn at_once(book: &mut Book, transactions: &[&str]) {
    for (turn, text) in transactions.iter().enumerate() {
        commit(book, 9_000, 1 + turn as u64 % 2, text);
    }
}

fn commit(book: &mut Book, at_ms: u64, session: u64, text: &str) {
    let (steps, seen) = read(text);
    book.ask(
        at_ms * MS,
        session,
        Work::Lists { steps },
        Outcome::Lists { seen },
    );
}

/// One that fails for a reason that nobody is blamed for.
fn fail(book: &mut Book, text: &str, effect: Effect) {
    let (steps, _) = read(text);
    let sqlstate = match effect {
        Effect::None => "40001",
        Effect::Unknown => "08006",
    };
    let outcome = failed(Some(sqlstate), effect);
    book.ask(9_000 * MS, 2, Work::Lists { steps }, outcome);
}

fn kept(book: &mut Book, list: u32, items: &[u64]) {
    book.contents().lists.push((list, items.to_vec()));
}

pub(in crate::judge) const DEFECTS: &[Seeded] = &[
    Seeded::new(
        OWN,
        "a transaction does not see its own append",
        |book| {
            at_once(book, &["50 += 900, 50 ="]);
            kept(book, 50, &[900]);
        },
        "(lists) read list 50 as [], though it had appended [900]",
    ),
    Seeded::new(
        OWN,
        "a list changes within a transaction",
        |book| {
            at_once(book, &["50 =, 50 = 900", "50 += 900"]);
            kept(book, 50, &[900]);
        },
        "(lists) read list 50 twice, and it was another",
    ),
    Seeded::new(
        OWN,
        "an append is executed twice",
        |book| {
            at_once(book, &["50 += 900"]);
            kept(book, 50, &[900, 900]);
        },
        "duplicate: 900 is in list 50 twice",
    ),
    Seeded::new(
        OWN,
        "a value out of nowhere",
        |book| kept(book, 50, &[900]),
        "phantom: 900 is in list 50, and nobody appended it",
    ),
    Seeded::new(
        OWN,
        "an append goes to another list",
        |book| {
            at_once(book, &["51 += 900"]);
            kept(book, 50, &[900]);
        },
        "phantom: 900 is in list 50, but alice#1's request",
    ),
    Seeded::new(
        OWN,
        "a value out of nowhere is read",
        |book| at_once(book, &["50 = 900"]),
        "phantom: 900 was read by alice#1's request",
    ),
    Seeded::new(
        OWN,
        "a read has another order than the end",
        |book| {
            at_once(book, &["50 += 900", "50 += 901", "50 = 901 900"]);
            kept(book, 50, &[900, 901]);
        },
        "(lists) read list 50 as [901, 900], at the end it is [900, 901]",
    ),
    Seeded::new(
        &["lists", "writes"],
        "two reads have different orders",
        |book| {
            at_once(
                book,
                &["50 += 900", "50 += 901", "50 = 900 901", "50 = 901"],
            );
            book.remove(|what| matches!(what, What::Final(_)));
        },
        "(lists) read list 50 as [901], another read it as [900, 901]",
    ),
    Seeded::new(
        OWN,
        "what was rolled back is read",
        |book| {
            fail(book, "50 += 900", Effect::None);
            at_once(book, &["50 = 900"]);
        },
        "G1a (aborted read): alice#1's request",
    ),
    Seeded::new(
        OWN,
        "what was rolled back is read and stays",
        |book| {
            fail(book, "50 += 900", Effect::None);
            at_once(book, &["50 = 900"]);
            kept(book, 50, &[900]);
        },
        "G1a (aborted read): alice#1's request",
    ),
    Seeded::new(
        OWN,
        "what was rolled back is there",
        |book| {
            fail(book, "50 += 900", Effect::None);
            kept(book, 50, &[900]);
        },
        "G1a (aborted): 900 is in list 50, though bob#2's request",
    ),
    Seeded::new(
        OWN,
        "an append on top of what was rolled back",
        |book| {
            fail(book, "50 += 900", Effect::None);
            at_once(book, &["50 += 901"]);
            kept(book, 50, &[900, 901]);
        },
        "dirty update: alice#1's request",
    ),
    Seeded::new(
        OWN,
        "a read between two appends of one transaction",
        |book| {
            at_once(book, &["50 += 900, 50 += 901", "50 = 900"]);
            kept(book, 50, &[900, 901]);
        },
        "(lists) read list 50 up to 900, but alice#1's request",
    ),
    Seeded::new(
        OWN,
        "an acknowledged append is lost",
        |book| at_once(book, &["50 += 900"]),
        "was acknowledged, but 900 is not in list 50",
    ),
    Seeded::new(
        OWN,
        "half a transaction of which nobody knows",
        |book| {
            fail(book, "50 += 900, 51 += 901", Effect::Unknown);
            kept(book, 50, &[900]);
        },
        "is only partly there, 901 is not in list 51",
    ),
    Seeded::new(
        OWN,
        "a read lacks what was acknowledged",
        |book| {
            commit(book, 9_000, 1, "50 += 900");
            commit(book, 9_100, 2, "50 =");
            kept(book, 50, &[900]);
        },
        "saw 0 values in list 50, but alice#1's request",
    ),
    Seeded::new(
        OWN,
        "a read lacks what another has read",
        |book| {
            fail(book, "50 += 900", Effect::Unknown);
            commit(book, 9_100, 1, "50 = 900");
            commit(book, 9_200, 1, "50 =");
            kept(book, 50, &[900]);
        },
        "saw 0 values in list 50, but alice#1's request",
    ),
    Seeded::new(
        &["lists", "writes"],
        "a read lacks what was acknowledged, and nobody reads the end",
        |book| {
            commit(book, 9_000, 1, "50 += 900");
            commit(book, 9_100, 2, "50 =");
            book.remove(|what| matches!(what, What::Final(_)));
        },
        "stale read: bob#2's request",
    ),
    Seeded::new(
        OWN,
        "appends on top of each other",
        |book| {
            at_once(book, &["50 += 900, 51 += 901", "50 += 902, 51 += 903"]);
            kept(book, 50, &[900, 902]);
            kept(book, 51, &[903, 901]);
        },
        "G0: ",
    ),
    Seeded::new(
        OWN,
        "each has read the other's append",
        |book| {
            at_once(book, &["50 += 900, 51 = 901", "51 += 901, 50 = 900"]);
            kept(book, 50, &[900]);
            kept(book, 51, &[901]);
        },
        "G1c: ",
    ),
    Seeded::new(
        OWN,
        "a lost update",
        |book| {
            at_once(book, &["50 =, 50 += 900", "50 =, 50 += 901"]);
            kept(book, 50, &[900, 901]);
        },
        "G-single: bob#2's request",
    ),
    Seeded::new(
        OWN,
        "half of a transaction is read",
        |book| {
            at_once(book, &["50 += 900, 51 += 901", "50 = 900, 51 ="]);
            kept(book, 50, &[900]);
            kept(book, 51, &[901]);
        },
        "G-single: ",
    ),
    Seeded::new(
        OWN,
        "write skew",
        |book| {
            at_once(book, &["50 =, 51 += 900", "51 =, 50 += 901"]);
            kept(book, 50, &[901]);
            kept(book, 51, &[900]);
        },
        "G2: ",
    ),
    Seeded::new(
        OWN,
        "write skew of three",
        |book| {
            at_once(
                book,
                &["50 =, 51 += 900", "51 =, 52 += 901", "52 =, 50 += 902"],
            );
            kept(book, 50, &[902]);
            kept(book, 51, &[900]);
            kept(book, 52, &[901]);
        },
        "G2: ",
    ),
    Seeded::pardon("of the unknown, one is there and one is not", |book| {
        fail(book, "50 += 900, 51 += 901", Effect::Unknown);
        fail(book, "50 += 902, 51 += 903", Effect::Unknown);
        at_once(book, &["50 = 900, 51 = 901"]);
        kept(book, 50, &[900]);
        kept(book, 51, &[901]);
    }),
    Seeded::pardon(
        "reads of what is appended meanwhile see it or not",
        |book| {
            at_once(book, &["50 += 900", "50 =", "50 = 900", "50 =, 50 ="]);
            kept(book, 50, &[900]);
        },
    ),
    Seeded::pardon("appends between reads of one's own", |book| {
        at_once(
            book,
            &["50 =, 50 += 900, 50 = 900, 50 += 901, 50 = 900 901"],
        );
        kept(book, 50, &[900, 901]);
    }),
    Seeded::pardon("what was rolled back is absent", |book| {
        fail(book, "50 += 900", Effect::None);
        at_once(book, &["50 ="]);
    }),
];

/// `noticed_by` can't tell which of the findings it was: each cycle is named once, by its worst class.
#[test]
fn a_cycle_is_told_once_and_explained() {
    let mut book = Book::good();
    at_once(&mut book, &["50 =, 51 += 900", "51 =, 50 += 901"]);
    kept(&mut book, 50, &[901]);
    kept(&mut book, 51, &[900]);
    let history = book.history();
    let found = super::findings(&Transactions::of(&history));
    let texts: Vec<&str> = found.iter().map(|(_, text)| &**text).collect();
    let [text] = texts[..] else {
        panic!("{texts:?}");
    };
    let (alice, bob) = (
        "alice#1's request 150 (lists)",
        "bob#2's request 151 (lists)",
    );
    assert!(text.contains(&format!(
        "{alice} read list 50 without 901, which {bob} appended"
    )));
    assert!(text.contains(&format!(
        "{bob} read list 51 without 900, which {alice} appended"
    )));
}
