//! All judges over all seeded defects: exactly these judges notice exactly these.

use super::fixture::{Book, Seeded};
use super::{all, all_of};

/// The defects, by the judge that they are made for.
fn tables() -> Vec<(&'static str, &'static [Seeded])> {
    vec![
        ("replies", super::replies::tests::DEFECTS),
        ("identity", super::identity::tests::DEFECTS),
        ("rows", super::rows::tests::DEFECTS),
        ("state", super::state::tests::DEFECTS),
        ("writes", super::writes::tests::DEFECTS),
        ("money", super::money::tests::DEFECTS),
        ("lists", super::lists::tests::DEFECTS),
        ("logins", super::logins::tests::DEFECTS),
        ("answers", super::answers::tests::DEFECTS),
        ("cancels", super::cancels::tests::DEFECTS),
        ("limits", super::limits::tests::DEFECTS),
        ("secrets", super::secrets::tests::DEFECTS),
        ("faults", super::faults::tests::DEFECTS),
        ("liveness", super::liveness::tests::DEFECTS),
        ("audit", super::audit::tests::DEFECTS),
    ]
}

#[test]
fn a_good_history_contents_every_judge() {
    for verdict in all_of(&Book::good().history()) {
        let judge = &verdict.judge;
        assert!(!verdict.is_skipped(), "{judge} had nothing to judge");
        assert!(verdict.is_content(), "{judge}: {:?}", verdict.complaints);
    }
}

#[test]
fn every_judge_has_defects_to_notice() {
    let judges: Vec<&str> = all().iter().map(|judge| judge.name()).collect();
    let tables = tables();
    let tested: Vec<&str> = tables.iter().map(|(judge, _)| *judge).collect();
    assert_eq!(judges, tested);
    for (judge, defects) in tables {
        let own = defects
            .iter()
            .any(|seeded| seeded.noticed_by.first() == Some(&judge));
        assert!(own, "{judge}");
    }
}

#[test]
fn each_defect_is_noticed_by_its_judges_and_no_other() {
    let mut surprises = Vec::new();
    for (table, defects) in tables() {
        for seeded in defects {
            let mut book = Book::good();
            (seeded.seed)(&mut book);
            surprises.extend(surprise(seeded, book).map(|text| format!("{table}: {text}")));
        }
    }
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
}

fn surprise(seeded: &Seeded, book: Book) -> Option<String> {
    let verdicts = all_of(&book.history());
    let complaining: Vec<_> = verdicts
        .iter()
        .filter(|verdict| !verdict.is_content())
        .collect();
    let names: Vec<&str> = complaining.iter().map(|verdict| &*verdict.judge).collect();
    let mut expected = seeded.noticed_by.to_vec();
    expected.sort_by_key(|name| verdicts.iter().position(|verdict| verdict.judge == *name));
    let first = seeded.noticed_by.first();
    let said = complaining
        .iter()
        .filter(|verdict| first == Some(&&*verdict.judge));
    let mut said = said.flat_map(|verdict| &verdict.complaints);
    let worded = first.is_none() || said.any(|complaint| complaint.text.contains(seeded.words));
    if names == expected && worded {
        return None;
    }
    let texts = complaining.iter().flat_map(|verdict| &verdict.complaints);
    let texts: Vec<&str> = texts.map(|complaint| &*complaint.text).collect();
    let Seeded { name, words, .. } = seeded;
    Some(format!(
        "{name}: {names:?}, not {expected:?} with {words:?}: {texts:#?}"
    ))
}
