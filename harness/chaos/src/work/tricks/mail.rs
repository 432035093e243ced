//! Letters, each of which only its owner may see.

use harness::client::{Answer as Rows, Failure};

use crate::history::{Answer, Effect, Outcome, Work};
use crate::work::effect::{failed, strange, under_way};
use crate::work::origin::{self, COLUMNS};
use crate::work::scene::Scene;

/// How many of the newest it looks at.
const NEWEST: u64 = 5;

pub(super) async fn play(scene: &mut Scene<'_>) {
    let (op, token) = scene.token();
    let insert = format!("INSERT INTO mail (token) VALUES ('{token}')");
    let asked = scene.ask(op, Work::Mail { token });
    let answer = write_and_read(scene, &insert).await;
    scene.answer(asked, answer);
}

async fn write_and_read(scene: &mut Scene<'_>, insert: &str) -> Answer {
    if let Err(failure) = scene.run(insert).await {
        let effect = under_way(&failure);
        return failed(failure, effect);
    }
    let told = scene.run(&look()).await;
    match told.and_then(|answer| read(&answer)) {
        Ok(mail) => mail.into(),
        // The letter is written, but this is no answer to the request.
        Err(failure) => failed(failure, Effect::Unknown),
    }
}

/// Also who sees no letter is told where that was.
fn look() -> String {
    format!(
        "SELECT {COLUMNS}, owner::text, token FROM (SELECT 1) here LEFT JOIN \
         (SELECT * FROM mail ORDER BY number DESC LIMIT {NEWEST}) seen ON true"
    )
}

fn read(answer: &Rows) -> Result<Outcome, Failure> {
    let origin = origin::first(answer)?;
    let mut letters = Vec::new();
    for row in &answer.rows {
        match row.as_slice() {
            [_, _, _, _, Some(owner), Some(token)] => letters.push((owner.clone(), token.clone())),
            [_, _, _, _, None, None] => {}
            row => return Err(strange(format!("the answer is no letter: {row:?}"))),
        }
    }
    Ok(Outcome::Mail { origin, letters })
}
