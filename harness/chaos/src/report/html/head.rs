//! The top of the page: the verdict, how to play the run again, and the sums.

use maud::{Markup, html};

use super::super::coverage::percent;
use super::super::summary::{About, Summary};
use super::super::tally::Tally;
use super::frame::number;
use super::scale::grouped;

pub(super) fn section(summary: &Summary) -> Markup {
    let setting = &summary.setting;
    let good = summary.verdict.is_good();
    html! {
        header {
            p.kicker { "Chaos, seed " strong { (setting.seed) } }
            h1.verdict.good[good].bad[!good] {
                span.sign aria-hidden="true" { (if good { "✓" } else { "✗" }) }
                span { (summary.verdict.sentence) }
            }
            p.about { (about(setting)) }
            @if let Some(defect) = &setting.defect {
                p.defect {
                    "With the defect " strong { (defect) }
                    ", which is of our own making: here the judges are what is tested."
                }
            }
            (again(summary))
            (tiles(summary))
        }
    }
}

fn about(setting: &About) -> String {
    format!(
        "{} before PostgreSQL ({}), {} clients of {} users, pools of {}; faults for {} s, {} s in all.",
        setting.pooler,
        setting.provider,
        setting.clients,
        setting.users,
        setting.pool_size,
        setting.storm_seconds,
        setting.whole_ms / 1_000,
    )
}

fn again(summary: &Summary) -> Markup {
    html! {
        div.again {
            div.scroll { code { (summary.replay.command) } }
            p {
                @if summary.replay.from_seed {
                    "The same SEED gives the same schedule of faults, byte for byte. What comes of it may differ: "
                    "clients, pooler and network keep their own time."
                } @else {
                    "This run played a schedule of its own, not that of its seed: the "
                    code { "schedule.json" } " beside this file replays it. What comes of it may differ: "
                    "clients, pooler and network keep their own time."
                }
            }
        }
    }
}

fn tiles(summary: &Summary) -> Markup {
    let sum = |tallies: &[Tally], count: fn(&Tally) -> u64| tallies.iter().map(count).sum::<u64>();
    let (requests, logins) = (&summary.requests, &summary.logins);
    html! {
        dl.tiles {
            (tile("requests", sum(requests, |t| t.asked), None))
            (tile("failed", sum(requests, Tally::failures), None))
            (tile("logins", sum(logins, |t| t.asked), None))
            (tile("not let in", sum(logins, Tally::failures), None))
            (tile("faults", summary.faults.len() as u64, Some(without_effect(summary))))
            @if let Some(table) = summary.coverage.first() {
                @let percent = format!("{} %", percent(table.reached, table.possible));
                (tile("covered", table.reached, Some(format!("of {}: {percent}", table.possible))))
            }
        }
    }
}

fn without_effect(summary: &Summary) -> String {
    match summary.duds().count() {
        0 => "all had an effect".to_owned(),
        some => format!("{some} without effect"),
    }
}

fn tile(name: &str, count: u64, note: Option<String>) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (grouped(number(count))) @if let Some(note) = note { small { (note) } } }
        }
    }
}
