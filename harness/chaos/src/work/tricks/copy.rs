//! COPY in both directions.

use harness::client::Failure;

use crate::history::{Outcome, Work};
use crate::work::effect::{failed, none, strange, under_way};
use crate::work::scene::{Scene, within};

/// More than the buffers on the way can hold.
const LONG: u64 = 5_000;

pub(super) async fn into(scene: &mut Scene<'_>) {
    let rows = number_of_rows(scene);
    into_of(scene, rows).await;
}

pub(super) async fn long_in(scene: &mut Scene<'_>) {
    into_of(scene, LONG).await;
}

pub(super) async fn out(scene: &mut Scene<'_>) {
    let rows = number_of_rows(scene);
    out_of(scene, rows).await;
}

pub(super) async fn long_out(scene: &mut Scene<'_>) {
    out_of(scene, LONG).await;
}

async fn into_of(scene: &mut Scene<'_>, rows: u64) {
    let (op, token) = scene.token();
    let work = Work::CopyIn {
        token: token.clone(),
        rows,
    };
    let asked = scene.ask(op, work);
    let told = within(scene.deadline, async {
        let line = |number| format!("{token}\t{number}\n");
        let sql = "COPY loads (token, number) FROM STDIN";
        scene.line.session()?.copy_in(sql, rows, line).await
    })
    .await;
    let told = scene.hear(told).and_then(|taken| whole(taken, rows));
    let answer = match told {
        Ok(()) => Outcome::Written.into(),
        Err(failure) => {
            let effect = under_way(&failure);
            failed(failure, effect)
        }
    };
    scene.answer(asked, answer);
}

fn whole(taken: u64, rows: u64) -> Result<(), Failure> {
    if taken == rows {
        return Ok(());
    }
    Err(strange(format!(
        "COPY says that it took {taken} of {rows} rows"
    )))
}

async fn out_of(scene: &mut Scene<'_>, rows: u64) {
    let (op, token) = scene.token();
    let sql = format!("COPY (SELECT '{token}', g FROM generate_series(1, {rows}) g) TO STDOUT");
    let asked = scene.ask(op, Work::CopyOut { token, rows });
    let told = within(scene.deadline, async {
        scene.line.session()?.copied(&sql).await
    })
    .await;
    let told = scene.hear(told);
    let answer = match told.and_then(|lines| lines.iter().map(|text| line(text)).collect()) {
        Ok(lines) => Outcome::Lines { lines }.into(),
        Err(failure) => none(failure),
    };
    scene.answer(asked, answer);
}

fn line(text: &str) -> Result<(String, u64), Failure> {
    let cells = text.split_once('\t');
    let line = cells.and_then(|(token, number)| Some((token.to_owned(), number.parse().ok()?)));
    line.ok_or_else(|| strange(format!("a line came that nobody asked for: {text}")))
}

/// Mostly few, so that an hour of them is not all that the database holds.
fn number_of_rows(scene: &mut Scene<'_>) -> u64 {
    if scene.dice.percent(20) {
        scene.dice.between(21, 200)
    } else {
        scene.dice.between(1, 20)
    }
}
