//! `report.html`: one file that needs no other, for phones and for wide screens, in light and in dark.
//!
//! Everything that comes from a run is text to the templates, which escape it. The page's policy allows
//! its own script by its hash and nothing else: what slipped through would not run, and nothing is fetched.

mod coverage;
mod faults;
mod frame;
mod head;
mod ink;
mod judges;
mod lanes;
mod panel;
mod plot;
mod requests;
mod scale;
mod slices;
mod ticked;
mod timeline;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::{Error, Result};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::summary::Summary;
use frame::Frame;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The whole page.
pub(super) fn page(summary: &Summary) -> Result<String> {
    let timeline = timeline::section(summary)
        .map_err(|error| Error::told(format!("report.html: a plot: {error}")))?;
    let seed = summary.setting.seed;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="color-scheme" content="light dark";
                title { "Chaos, seed " (seed) }
                // Without an icon of its own a browser asks for one.
                link rel="icon" href="data:,";
                style { (PreEscaped(ink::style(frame::UNIT))) (PreEscaped(style())) }
            }
            body {
                (head::section(summary))
                main {
                    (timeline)
                    (judges::section(summary))
                    (faults::section(summary))
                    (requests::section(summary))
                    (coverage::section(summary))
                }
                (footer())
                script type="application/json" id="slices" { (PreEscaped(slices::json(summary))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// The style sheet, with the margins of the plots in it.
fn style() -> String {
    let narrow = STYLE.replacen("/*narrow*/", &Frame::NARROW.shares(), 1);
    narrow.replacen("/*wide*/", &Frame::WIDE.shares(), 1)
}

fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{hash}'"
    )
}

fn footer() -> Markup {
    html! {
        footer {
            p {
                "Beside this file: " code { "report.json" } " (the same as numbers), "
                code { "events.jsonl" } " (everything that happened), " code { "schedule.json" }
                " (the faults as planned) and " code { "logs/" } "."
            }
        }
    }
}
