//! Clients come and go.

use std::time::Duration;

use cucumber::{then, when};
use harness::client::{Driver, Failure, Login, Session, Tls, Trace, Wire};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::within::within;
use crate::words::{ClientName, Manner, Outcome};

/// Long enough for a busy machine; a feature's time-outs are longer where this tells them apart.
const AT_ONCE: Duration = Duration::from_secs(5);

#[when(expr = "{client} connects{manner}{outcome}")]
async fn connects(
    world: &mut Turnstile,
    client: ClientName,
    manner: Manner,
    outcome: Outcome,
) -> Step {
    let login = world.scene()?.login(&client, &manner)?;
    let result = connect(&client, &login, manner.wire, &world.trace).await;
    if let Some(session) = outcome.judge(result, |text| world.tidy(text))? {
        world.enter(client, session);
    }
    Ok(())
}

/// Like `connects`, and every message of the login is remembered, whatever its end.
#[when(expr = "{client} tries to connect{manner}, watched")]
async fn tries_watched(world: &mut Turnstile, client: ClientName, manner: Manner) -> Step {
    let login = world.scene()?.login(&client, &manner)?;
    let mut wire = Wire::dial(client.as_str(), &login.endpoint, &world.trace).await?;
    if let Tls::On(roots) = &login.tls {
        wire = wire.encrypt(roots).await?;
    }
    let messages = wire.transcript(&login).await?;
    world.transcripts.insert(client, messages);
    Ok(())
}

#[then(expr = "{client} and {client} saw messages of the same kinds and lengths")]
fn same_shapes(world: &mut Turnstile, one: ClientName, other: ClientName) -> Step {
    let shape = |name: &ClientName| -> Step<Vec<(char, usize)>> {
        let seen = world.transcripts.get(name);
        let seen = seen.ok_or_else(|| Surprise::new(format!("{name} was not watched")))?;
        Ok(seen
            .iter()
            .map(|message| (char::from(message.tag), message.body.len()))
            .collect())
    };
    expect("the two logins", &shape(&one)?, &shape(&other)?)
}

#[then(expr = "{client} is asked by {word}")]
fn asked_by(world: &mut Turnstile, client: ClientName, method: String) -> Step {
    let seen = world
        .transcripts
        .get(&client)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let first = seen
        .first()
        .map(harness::client::Message::describe)
        .unwrap_or_default();
    expect(
        "the first message",
        &first,
        &format!("Authentication{method}"),
    )
}

/// Begins to log in and doesn't wait; `gets in` does.
#[when(expr = "{client} begins to connect{manner}")]
fn begins_to_connect(world: &mut Turnstile, client: ClientName, manner: Manner) -> Step {
    let login = world.scene()?.login(&client, &manner)?;
    let (name, trace) = (client.clone(), world.trace.clone());
    let login = tokio::spawn(async move { connect(&name, &login, manner.wire, &trace).await });
    world.arriving.insert(client, login);
    Ok(())
}

#[then(expr = "{client} gets in{outcome}")]
async fn gets_in(world: &mut Turnstile, client: ClientName, outcome: Outcome) -> Step {
    let login = world.arriving.remove(&client);
    let login = login.ok_or_else(|| Surprise::new(format!("{client} has not begun")))?;
    let result = login
        .await
        .map_err(|error| Surprise::new(error.to_string()))?;
    if let Some(session) = outcome.judge(result, |text| world.tidy(text))? {
        world.enter(client, session);
    }
    Ok(())
}

/// Its socket closes, in the middle of the login.
#[when(expr = "{client} gives up")]
fn gives_up(world: &mut Turnstile, client: ClientName) -> Step {
    let login = world.arriving.remove(&client);
    let login = login.ok_or_else(|| Surprise::new(format!("{client} has not begun")))?;
    login.abort();
    Ok(())
}

/// The first try, and no longer than a login takes that waits for nobody.
#[when(expr = "{client} connects at once")]
#[then(expr = "{client} connects at once")]
async fn connects_at_once(world: &mut Turnstile, client: ClientName) -> Step {
    let login = world.scene()?.login(&client, &Manner::default())?;
    let connect = connect(&client, &login, false, &world.trace);
    let session = tokio::time::timeout(AT_ONCE, connect).await;
    let session = session.map_err(|_| Surprise::new(format!("not within {AT_ONCE:?}")))??;
    world.enter(client, session);
    Ok(())
}

#[then(expr = "within {int} s {client} can connect{manner}")]
async fn can_connect(
    world: &mut Turnstile,
    seconds: u64,
    client: ClientName,
    manner: Manner,
) -> Step {
    within(seconds, async || {
        let login = world.scene()?.login(&client, &manner)?;
        let session = connect(&client, &login, manner.wire, &world.trace).await?;
        world.enter(client.clone(), session);
        Ok(())
    })
    .await
}

/// Whoever still gets in leaves again.
#[then(expr = "within {int} s {client} can no longer connect")]
async fn cannot_connect(world: &mut Turnstile, seconds: u64, client: ClientName) -> Step {
    let login = world.scene()?.login(&client, &Manner::default())?;
    within(seconds, async || {
        match connect(&client, &login, false, &world.trace).await {
            Ok(session) => {
                session.leave().await;
                Err(Surprise::new(format!("{client} still gets in")))
            }
            Err(failure) if failure.late => Err(failure.into()),
            Err(_) => Ok(()),
        }
    })
    .await
}

#[when(expr = "{client} disconnects")]
async fn disconnects(world: &mut Turnstile, client: ClientName) -> Step {
    world.take_client(&client)?.leave().await;
    Ok(())
}

/// Closes without Terminate, as the kernel does for a process that was killed while it waited.
#[when(expr = "{client} vanishes")]
async fn vanishes(world: &mut Turnstile, client: ClientName) -> Step {
    world.take_client(&client)?.vanish().await;
    Ok(())
}

/// Closes with RST, as the kernel does for a process killed with unread bytes.
#[when(expr = "{client} resets the connection")]
fn resets(world: &mut Turnstile, client: ClientName) -> Step {
    match world.take_client(&client)? {
        Session::Wire(wire) => Ok(wire.reset()?),
        Session::Driver(_) => Err(Surprise::new("only a wire client can reset")),
    }
}

/// The server ends the connection; the outcome is what it said before.
#[then(expr = "{client} is disconnected{outcome}")]
async fn is_disconnected(world: &mut Turnstile, client: ClientName, outcome: Outcome) -> Step {
    let result = world.client(&client)?.end().await;
    outcome.judge(result, |text| world.tidy(text))?;
    world.take_client(&client)?.vanish().await;
    Ok(())
}

/// The connection ends, whatever was said before.
#[then(expr = "{client} is cut off")]
async fn is_cut_off(world: &mut Turnstile, client: ClientName) -> Step {
    let mut session = world.take_client(&client)?;
    match session.end().await {
        Err(failure) if failure.late => Err(failure.into()),
        _ => Ok(()),
    }
}

#[when(expr = "{client} cancels")]
async fn cancels(world: &mut Turnstile, client: ClientName) -> Step {
    Ok(world.client(&client)?.cancel().await?)
}

/// Somebody who knows the process number but not the secret.
#[when(expr = "a stranger cancels {client} with a wrong key")]
async fn stranger_cancels(world: &mut Turnstile, client: ClientName) -> Step {
    let wire = world.client(&client)?.wire()?;
    let (pid, secret) = wire
        .key
        .clone()
        .ok_or_else(|| Surprise::new("there is no key"))?;
    let wrong: Vec<u8> = secret.iter().map(|byte| byte ^ 0x55).collect();
    Ok(wire.cancel_with(pid, &wrong).await?)
}

#[then(expr = "within {int} s {client} has heard {string}")]
async fn has_heard(world: &mut Turnstile, seconds: u64, client: ClientName, line: String) -> Step {
    within(seconds, async || {
        let heard = world.client(&client)?.run("select 1").await?;
        drop(heard);
        let lines = world.client(&client)?.driver()?.notifications();
        expect("the notifications", &lines, &vec![line.clone()])
    })
    .await
}

#[then(expr = "{client} has heard nothing")]
fn has_heard_nothing(world: &mut Turnstile, client: ClientName) -> Step {
    let lines = world.client(&client)?.driver()?.notifications();
    expect("the notifications", &lines, &Vec::new())
}

/// Logs in, by driver or by wire.
pub(super) async fn connect(
    name: &ClientName,
    login: &Login,
    wire: bool,
    trace: &Trace,
) -> Result<Session, Failure> {
    if wire {
        let wire = Wire::connect(name.as_str(), login, trace).await?;
        return Ok(Session::Wire(Box::new(wire)));
    }
    Ok(Session::Driver(Driver::connect(login).await?))
}
