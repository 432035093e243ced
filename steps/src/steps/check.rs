//! Configuration files that are checked, or refused, by the binary itself.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{given, then, when};
use harness::pooler::{Answer, run_to_end};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;

/// The file's text is the step's own; its name is what the messages call it.
#[given(expr = "the configuration file {word}")]
fn file(world: &mut Turnstile, name: String, step: &GherkinStep) -> Step {
    let text = step
        .docstring
        .as_ref()
        .ok_or_else(|| Surprise::new("the step needs a text"))?;
    let folder = world.scene()?.folder();
    std::fs::write(folder.join(name), text.trim_start_matches('\n'))?;
    Ok(())
}

#[when(expr = "pgturnstile is run with {string}")]
async fn is_run(world: &mut Turnstile, arguments: String) -> Step {
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let Answer {
        code,
        stdout,
        stderr,
    } = run_to_end(&arguments, world.scene()?.folder()).await?;
    world.notes.insert("exit".to_owned(), code.to_string());
    world.notes.insert("stdout".to_owned(), stdout);
    world.notes.insert("stderr".to_owned(), stderr);
    Ok(())
}

#[then(expr = "it exits with {int}")]
fn exits(world: &mut Turnstile, code: i32) -> Step {
    let told = world.notes.get("stderr").cloned().unwrap_or_default();
    expect(
        &format!("the exit code\n{told}"),
        &note(world, "exit"),
        &code.to_string(),
    )
}

/// Each row is a piece that some line of the stream holds, in the order of the lines; a row a line.
#[then(expr = "its {word} has exactly the lines with")]
fn has_lines(world: &mut Turnstile, stream: String, step: &GherkinStep) -> Step {
    let text = note(world, &stream);
    let lines: Vec<&str> = text.lines().collect();
    let rows = table::rows(step)?;
    let fits = lines.len() == rows.len()
        && lines
            .iter()
            .zip(rows)
            .all(|(line, row)| row.iter().all(|piece| line.contains(&**piece)));
    if fits {
        return Ok(());
    }
    Err(Surprise::new(format!("{stream} is\n{text}")))
}

fn note(world: &Turnstile, name: &str) -> String {
    world.notes.get(name).cloned().unwrap_or_default()
}
