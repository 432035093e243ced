//! A transaction: its statements one by one, and when it surely held a server.

use harness::client::{Answer as Rows, Failure};

use super::effect::{failed, none, strange, under_way};
use super::line::Tongue;
use super::origin::{self, COLUMNS};
use super::scene::Scene;
use crate::history::{Answer, Effect, Held, Origin};

/// One that was acknowledged: what its statements answered.
pub(super) struct Committed {
    pub(super) answers: Vec<Rows>,
    pub(super) held: Held,
}

/// Begins one, runs the statements, and commits. The answer of one that fails is ready to be noted.
pub(super) async fn run(
    scene: &mut Scene<'_>,
    begin: &str,
    statements: &[String],
) -> Result<Committed, Answer> {
    scene.run(begin).await.map_err(none)?;
    let (answers, held) = match body(scene, statements).await {
        Ok(done) => done,
        Err(failure) => {
            if !scene.is_over() {
                // Whether this succeeds is for the next request to see.
                let _ = scene.run("ROLLBACK").await;
            }
            return Err(none(failure));
        }
    };
    match commit(scene).await {
        Ok(()) => Ok(Committed { answers, held }),
        Err((failure, effect)) => Err(Answer {
            held: Some(held),
            ..failed(failure, effect)
        }),
    }
}

async fn body(scene: &mut Scene<'_>, statements: &[String]) -> Result<(Vec<Rows>, Held), Failure> {
    let first = whereabouts(scene).await?;
    let from = scene.desk.recorder.now();
    let mut answers = Vec::new();
    for statement in statements {
        let answer = scene.run(statement).await?;
        answers.push(answer);
    }
    let last = whereabouts(scene).await?;
    let to = scene.desk.recorder.now();
    let held = Held {
        from,
        to,
        first,
        last,
    };
    Ok((answers, held))
}

async fn whereabouts(scene: &mut Scene<'_>) -> Result<Origin, Failure> {
    let answer = scene.run(&format!("SELECT {COLUMNS}")).await?;
    origin::first(&answer)
}

/// PostgreSQL answers the COMMIT of a failed transaction with the tag ROLLBACK, and no error. The
/// driver hides the tag, but no statement before has failed.
async fn commit(scene: &mut Scene<'_>) -> Result<(), (Failure, Effect)> {
    let told = scene.run("COMMIT").await;
    let answer = told.map_err(|failure| (failure.clone(), under_way(&failure)))?;
    match (scene.line.tongue(), answer.commands.as_slice()) {
        (Tongue::Driver, [_]) => Ok(()),
        (Tongue::Wire, [tag]) if tag == "COMMIT" => Ok(()),
        (Tongue::Wire, [tag]) if tag == "ROLLBACK" => {
            let failure = strange("COMMIT was answered with ROLLBACK".to_owned());
            Err((failure, Effect::None))
        }
        (_, commands) => {
            let failure = strange(format!("COMMIT was answered with {commands:?}"));
            Err((failure, Effect::Unknown))
        }
    }
}
