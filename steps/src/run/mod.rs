//! One run of the features: which scenarios, how often, and the verdict at its end.

mod hooks;
mod options;
mod report;
mod selection;
mod verdicts;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use cucumber::World as _;
use cucumber::cli;
use futures::FutureExt as _;
use harness::{PoolerKind, Provider, sweep};

use crate::stage::Stage;
use crate::surprise::{Step, Surprise};
use crate::world::Turnstile;

pub use options::Options;
use report::Report;
use selection::Selection;

/// Runs the features as asked and says whether all is well. The last line on stdout is
/// `N passed, N failed, N skipped`.
pub async fn run(options: &Options) -> Step<bool> {
    let kind = PoolerKind::parse(&options.pooler)?;
    let selection = Selection::new(options, kind)?;
    if options.list {
        selection.list();
        return Ok(true);
    }
    sweep::clear_dead().await;
    let (provider, _) = Provider::choose(&options.provider).await?;
    let stage = Arc::new(Stage::set(provider, kind).await?);
    let report = repeat(options, &Rc::new(selection), &stage).await;
    let good = conclude(options, report, &stage);
    if let Some(stage) = Arc::into_inner(stage) {
        stage.strike().await?;
    }
    sweep::clear_own().await;
    let (good, closing) = good?;
    println!("{closing}");
    Ok(good)
}

/// Runs again and again, up to the wanted number or the first red.
async fn repeat(options: &Options, selection: &Rc<Selection>, stage: &Arc<Stage>) -> Report {
    let start = Instant::now();
    let mut sum = Report::default();
    for round in 1..=options.repeat.max(1) {
        if options.repeat > 1 {
            println!("round {round} after {:.0} s", start.elapsed().as_secs_f64());
        }
        let report = once(options, selection, stage).await;
        sum.absorb(report);
        if sum.is_red() {
            break;
        }
    }
    sum.skipped = selection.left_out();
    sum
}

async fn once(options: &Options, selection: &Rc<Selection>, stage: &Arc<Stage>) -> Report {
    let (before, wanted) = (Arc::clone(stage), Rc::clone(selection));
    Turnstile::cucumber()
        .with_writer(Report::default())
        .max_concurrent_scenarios(options.concurrency)
        .before(move |_, _, _, world| {
            let stage = Arc::clone(&before);
            async move { hooks::before(world, stage) }.boxed_local()
        })
        .after(|feature, _, scenario, finished, world| {
            hooks::after(feature, scenario, finished, world).boxed_local()
        })
        .with_cli(cli::Opts::<_, _, _, cli::Empty>::default())
        .filter_run(options.features.clone(), move |feature, rule, scenario| {
            wanted.takes(feature, rule, scenario)
        })
        .await
}

/// Writes the report, compares the verdicts, and makes the closing line.
fn conclude(options: &Options, mut report: Report, stage: &Stage) -> Step<(bool, String)> {
    report.write(stage)?;
    let mut good = report.is_good();
    if options.write_verdicts {
        verdicts::write(stage.kind, &report)?;
        good = report.ran();
    } else if options.compare_verdicts {
        good = report.ran() && verdicts::compare(stage.kind, &mut report)?;
    }
    if !report.ran() {
        return Err(Surprise::new(format!("nothing ran: {}", options.tags)));
    }
    println!("artefacts: {}", stage.artifacts.folder().display());
    Ok((good, report.closing_line()))
}
