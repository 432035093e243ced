//! `report.html` as a reader sees it, on a phone and on a desk, in light and in dark.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chaos::history::History;
use chaos::report::{self, Summary};
use serde_json::{Value, json};

use crate::chromium::{Browser, Page, View};
use crate::judged::{coverage, hour, summary, verdicts};
use crate::story::{HOSTILE, Story};

const PHONE: View = View {
    width: 390,
    height: 844,
    dark: false,
};
const DESK: View = View {
    width: 1280,
    height: 900,
    dark: false,
};

/// Writes the report into a folder of its own and tells where the page is.
fn written(summary: &Summary, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("report")
        .join(name);
    fs::create_dir_all(&folder).expect("a folder");
    report::write(summary, &folder).expect("a report");
    folder.join("report.html")
}

/// Leaves a picture beside the page, for eyes.
fn keep(page: &mut Page<'_>, file: &Path, name: &str) {
    let picture = STANDARD.decode(page.picture()).expect("base64");
    fs::write(file.with_file_name(name), picture).expect("a picture");
}

/// What holds of the page at every size.
fn is_sound(page: &mut Page<'_>, view: View) {
    assert_eq!(page.errors(), Vec::<String>::new(), "{view:?}");
    let fetched = page.fetched();
    let own = |url: &String| url.starts_with("file://") || url.starts_with("data:");
    assert!(fetched.iter().all(own), "{view:?}: {fetched:?}");
    let files = fetched.iter().filter(|url| url.starts_with("file://"));
    assert_eq!(files.count(), 1, "{view:?}: {fetched:?}");
    // The second is less than the view where a scroll bar takes its part.
    let widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    let widths = page.evaluate(widths);
    assert_eq!(widths[0], widths[1], "the page scrolls sideways, {view:?}");
    assert_eq!(
        page.evaluate("innerWidth"),
        json!(view.width),
        "the page is zoomed out"
    );
    assert_eq!(
        page.evaluate(TOO_SMALL),
        json!([]),
        "text below 12 px, {view:?}"
    );
}

/// Text that is shown in less than 12 px, that of drawings after their scaling.
const TOO_SMALL: &str = "(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const small = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const shown = element.checkVisibility() && walker.currentNode.data.trim() !== '';
        if (!shown || element.closest('script, style, title')) continue;
        const scale = element.getScreenCTM ? element.getScreenCTM().a : 1;
        const size = parseFloat(getComputedStyle(element).fontSize) * scale;
        if (size < 11.99) small.push(size + ' px: ' + walker.currentNode.data);
    }
    return small;
})()";

/// The boxes of the drawings that are shown, as [width, height].
const PLOTS: &str = "[...document.querySelectorAll('figure > svg')]
    .filter(svg => svg.checkVisibility())
    .map(svg => svg.getBoundingClientRect())
    .map(box => [box.width, box.height])";

fn has_plots(page: &mut Page<'_>, view: View) {
    let plots = page.evaluate(PLOTS);
    let plots = plots.as_array().expect("a list");
    assert_eq!(plots.len(), 5, "the lanes and four panels, {view:?}");
    let widest = f64::from(view.width);
    for plot in plots {
        let side = |at: usize| plot[at].as_f64().unwrap_or(0.0);
        assert!(side(0) > 300.0 && side(0) <= widest, "{view:?}: {plot}");
        assert!(side(1) > 90.0 && side(1) < 300.0, "{view:?}: {plot}");
    }
    let bars = page.evaluate(
        "[...document.querySelectorAll('.lanes rect.fault, .lanes rect.dud')]
            .filter(bar => bar.checkVisibility() && bar.getBoundingClientRect().width > 0).length",
    );
    assert_eq!(bars, json!(summary().faults.len()), "{view:?}");
}

fn text(page: &mut Page<'_>, selector: &str) -> String {
    let selector = json!(selector);
    let told = page.evaluate(&format!("document.querySelector({selector}).innerText"));
    told.as_str().expect("text").to_owned()
}

fn has_content(page: &mut Page<'_>) {
    let verdict = text(page, ".verdict");
    assert!(
        verdict.contains("2 of 6 judges complain: identity, logins"),
        "{verdict}"
    );
    let again = text(page, ".again");
    assert!(
        again.contains("make chaos SEED=7 MINUTES=0.3333"),
        "{again}"
    );
    assert!(
        again.contains("The same SEED gives the same schedule"),
        "{again}"
    );
    let judges = text(page, "#judges");
    assert!(
        judges.contains("request 0 of user3 got the reply to"),
        "{judges}"
    );
    assert!(
        judges.contains("transfers keep the sum of all balances"),
        "{judges}"
    );
    let requests = text(page, "#requests");
    for word in ["copy-in", "57P01", "28P01", "no SQLSTATE", "wrong password"] {
        assert!(requests.contains(word), "{word}: {requests}");
    }
    let coverage = text(page, "#coverage");
    assert!(coverage.contains("412 of 1044 (39 %)"), "{coverage}");
    assert!(coverage.contains("Never reached: 121"), "{coverage}");
}

/// Words of a run are words: nothing of them became an element or ran.
fn is_unharmed(page: &mut Page<'_>) {
    assert_eq!(page.evaluate("document.title"), json!("Chaos, seed 7"));
    assert_eq!(page.evaluate("document.images.length"), json!(0));
    let shown = page.evaluate("document.body.textContent");
    assert!(shown.as_str().is_some_and(|text| text.contains(HOSTILE)));
}

#[test]
fn it_is_readable_on_a_phone_and_on_a_desk() {
    let file = written(&summary(), "whole");
    let mut browser = Browser::start();
    for (view, name) in [(PHONE, "phone"), (DESK, "desk")] {
        for dark in [false, true] {
            let view = View { dark, ..view };
            let mut page = browser.open(&file, view);
            is_sound(&mut page, view);
            has_plots(&mut page, view);
            has_content(&mut page);
            is_unharmed(&mut page);
            let shade = if dark { "dark" } else { "light" };
            keep(&mut page, &file, &format!("{name}-{shade}.png"));
        }
    }
}

#[test]
fn a_touch_reads_a_moment() {
    let file = written(&summary(), "touched");
    let mut browser = Browser::start();
    for view in [PHONE, DESK] {
        let mut page = browser.open(&file, view);
        page.evaluate("document.querySelector('#latency').scrollIntoView({behavior: 'instant', block: 'center'})");
        // Half-way between the margins is half-way through the run.
        let place = page.evaluate(
            "(() => {
                const plots = [...document.querySelectorAll('#latency > svg')];
                const box = plots.find(svg => svg.checkVisibility()).getBoundingClientRect();
                const narrow = innerWidth < 900;
                const share = narrow ? (80 + 274 / 2) / 360 : (84 + 864 / 2) / 960;
                return [box.left + box.width * share, box.top + box.height / 2];
            })()",
        );
        let coordinate = |at: usize| place[at].as_f64().expect("a coordinate");
        page.point_at(coordinate(0), coordinate(1));
        let told = text(&mut page, "#readout");
        let half = summary().setting.whole_ms / 2_000;
        let near = [half - 1, half, half + 1].map(|second| format!("{second}."));
        assert!(near.iter().any(|second| told.starts_with(second)), "{told}");
        assert!(
            told.contains(" s, storm · ") && told.contains(" ok/s"),
            "{told}"
        );
    }
}

#[test]
fn a_complaint_leads_to_its_moment() {
    let file = written(&summary(), "linked");
    let mut browser = Browser::start();
    let mut page = browser.open(&file, PHONE);
    let broken = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')]
            .filter(link => !document.querySelector(link.hash)).length",
    );
    assert_eq!(broken, json!(0));
    page.evaluate("document.querySelector('.complaints a').click()");
    let marked =
        page.evaluate("document.querySelector('.mark:target').getBoundingClientRect().height");
    assert!(
        marked.as_f64().is_some_and(|height| height > 300.0),
        "{marked}"
    );
}

#[test]
fn a_run_without_anything_is_shown_as_well() {
    let history = History::of(Story::begin().events);
    let file = written(&Summary::of(&history, &[], None), "empty");
    let mut browser = Browser::start();
    let mut page = browser.open(&file, PHONE);
    is_sound(&mut page, PHONE);
    assert!(text(&mut page, ".verdict").contains("Nobody judged this run."));
}

#[test]
fn an_hour_fits_as_well() {
    let summary = Summary::of(&hour(), &verdicts()[2..4], &coverage());
    let file = written(&summary, "hour");
    let mut browser = Browser::start();
    for (view, name) in [(PHONE, "phone.png"), (DESK, "desk.png")] {
        let mut page = browser.open(&file, view);
        is_sound(&mut page, view);
        let verdict = text(&mut page, ".verdict");
        assert!(
            verdict.contains("No judge complains; 1 of 2 had"),
            "{verdict}"
        );
        keep(&mut page, &file, name);
    }
}

/// That the tests above would notice: a page that does all that ours must not.
#[test]
fn a_bad_page_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.html");
    let wide = "<p style='width:900px;font-size:8px'>wide and small</p>";
    let page = format!(
        "<!DOCTYPE html><meta name=viewport content='width=device-width'><body>{HOSTILE}{wide}\
         <script>console.error('red')</script>"
    );
    fs::write(&file, page).expect("a page");
    let mut browser = Browser::start();
    let mut page = browser.open(&file, PHONE);
    assert!(page.fetched().iter().any(|url| url.starts_with("http://")));
    assert!(page.errors().iter().any(|error| error.contains("red")));
    let width = page.evaluate("document.documentElement.scrollWidth");
    assert!(width.as_u64() > Some(890), "{width}");
    let small = page.evaluate(TOO_SMALL);
    let told = |text: &Value| {
        text.as_str()
            .is_some_and(|text| text.contains("wide and small"))
    };
    assert!(
        small.as_array().is_some_and(|small| small.iter().any(told)),
        "{small}"
    );
    assert_eq!(page.evaluate("document.title"), json!("broken in"));
}
