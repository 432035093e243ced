//! The pooler's own life: reload, signals, its log, its end.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{then, when};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;
use crate::within::within;
use crate::words::SignalName;

#[when(expr = "the pooler gets {signal}")]
fn gets(world: &mut Turnstile, signal: SignalName) -> Step {
    Ok(world.scene()?.pooler()?.signal(signal.0)?)
}

#[then(expr = "within {int} s the pooler exits with {int}")]
async fn exits(world: &mut Turnstile, seconds: u64, code: i32) -> Step {
    let found = world.scene()?.pooler_exit(seconds).await?;
    expect("the exit code", &found, &code)
}

#[then("the pooler still runs")]
fn still_runs(world: &mut Turnstile) -> Step {
    expect("the exit code", &world.scene()?.pooler()?.exited(), &None)
}

/// Changes keys as `a pooler with` does, writes the file anew and has it reloaded.
#[when("the pooler is reloaded with")]
async fn reloaded_with(world: &mut Turnstile, step: &GherkinStep) -> Step {
    for (key, value) in table::pairs(step)? {
        world.scene()?.configure_key(key, value)?;
    }
    reload(world).await
}

/// The new file no longer has the database; a plain reload later brings it back.
#[when("the pooler is reloaded without its database")]
async fn reloaded_without(world: &mut Turnstile) -> Step {
    let databases = std::mem::take(&mut world.scene()?.spec.databases);
    let reloaded = reload(world).await;
    world.scene()?.spec.databases = databases;
    reloaded
}

#[when("the pooler is reloaded")]
async fn reloaded(world: &mut Turnstile) -> Step {
    reload(world).await
}

/// A file that does not parse.
#[when("the pooler's file is broken")]
fn broken(world: &mut Turnstile) -> Step {
    let path = world.scene()?.pooler()?.config.clone();
    Ok(std::fs::write(path, "[general\nport = yes\n")?)
}

#[then(expr = "within {int} s the log says {string}")]
async fn log_says(world: &mut Turnstile, seconds: u64, text: String) -> Step {
    within(seconds, async || {
        if says(world, &text)? {
            return Ok(());
        }
        Err(Surprise::new(format!("the log does not say {text:?}")))
    })
    .await
}

#[then(expr = "the log does not say {string}")]
fn log_is_silent(world: &mut Turnstile, text: String) -> Step {
    if says(world, &text)? {
        return Err(Surprise::new(format!("the log says {text:?}")));
    }
    Ok(())
}

fn says(world: &mut Turnstile, text: &str) -> Step<bool> {
    let scene = world.scene()?;
    let text = scene.names.localize(text);
    Ok(scene.pooler()?.log().contains(&text))
}

/// HUP tells nobody when it is done; the console's answer comes when the new settings are in use.
async fn reload(world: &mut Turnstile) -> Step {
    let scene = world.scene()?;
    scene.pooler()?.reload(&scene.spec)?;
    scene.console()?.ask("RELOAD").await?;
    Ok(())
}
