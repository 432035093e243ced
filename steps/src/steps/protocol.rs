//! Single messages on the wire: what is sent, what comes back.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::{then, when};
use harness::client::{Message, Session, Wire, compose};

use crate::Turnstile;
use crate::surprise::{Step, Surprise, expect};
use crate::table;
use crate::words::ClientName;

/// Opens a socket and says nothing yet.
#[when(expr = "{client} dials")]
async fn dials(world: &mut Turnstile, client: ClientName) -> Step {
    let login = world
        .scene()?
        .login(&client, &crate::words::Manner::default())?;
    let wire = Wire::dial(client.as_str(), &login.endpoint, &world.trace).await?;
    world.enter(client, Session::Wire(Box::new(wire)));
    Ok(())
}

/// All rows in one write; `24*Sync` is 24 of them.
#[when(expr = "{client} sends")]
async fn sends(world: &mut Turnstile, client: ClientName, step: &GherkinStep) -> Step {
    let bytes = composed(world, step)?;
    Ok(world.client(&client)?.wire()?.send(&bytes).await?)
}

#[when(expr = "{client} sends byte by byte")]
async fn sends_slowly(world: &mut Turnstile, client: ClientName, step: &GherkinStep) -> Step {
    let bytes = composed(world, step)?;
    Ok(world.client(&client)?.wire()?.send_slowly(&bytes).await?)
}

/// Exactly these messages, in this order; a `*` within a line stands for any text. Reports of parameters and notices may come between: they
/// count only where the table names them.
#[then(expr = "{client} receives")]
async fn receives(world: &mut Turnstile, client: ClientName, step: &GherkinStep) -> Step {
    let mut wanted = Vec::new();
    for row in table::rows(step)? {
        let (count, line) = table::times(row.first().map_or("", String::as_str));
        wanted.extend(std::iter::repeat_n(line.to_owned(), count));
    }
    let mut found = Vec::new();
    while found.len() < wanted.len() {
        match world.client(&client)?.wire()?.receive().await? {
            Some(message) if skipped(&message, &wanted) => {}
            Some(message) => found.push(world.tidy(&message.describe())),
            None => found.push("the end".to_owned()),
        }
        let pattern = wanted.get(found.len().saturating_sub(1));
        if let (Some(last), Some(pattern)) = (found.last_mut(), pattern) {
            if !table::matches(pattern, last) {
                break;
            }
            last.clone_from(pattern);
        }
    }
    expect(&format!("what {client} received"), &found, &wanted)
}

fn skipped(message: &Message, wanted: &[String]) -> bool {
    let name = match message.tag {
        b'S' => "ParameterStatus",
        b'N' => "NoticeResponse",
        _ => return false,
    };
    !wanted.iter().any(|line| line.starts_with(name))
}

/// A login on a socket that is open already, such as after a refused GSS request.
#[when(expr = "{client} logs in on that connection")]
async fn logs_in(world: &mut Turnstile, client: ClientName) -> Step {
    let login = world
        .scene()?
        .login(&client, &crate::words::Manner::default())?;
    world.client(&client)?.wire()?.log_in(&login).await?;
    Ok(())
}

#[when(expr = "{client} asks for GSS encryption")]
async fn asks_for_gss(world: &mut Turnstile, client: ClientName) -> Step {
    let bytes = compose::request(compose::GSS_REQUEST);
    Ok(world.client(&client)?.wire()?.send(&bytes).await?)
}

/// The request and the beginning of something else travel in one packet.
#[when(expr = "{client} asks for TLS and sends {string} in the same packet")]
async fn stuffs_tls(world: &mut Turnstile, client: ClientName, behind: String) -> Step {
    let mut bytes = compose::request(compose::SSL_REQUEST);
    bytes.extend_from_slice(behind.as_bytes());
    Ok(world.client(&client)?.wire()?.send(&bytes).await?)
}

/// `PostgreSQL` notices what came too early only behind the handshake, others close at once.
#[then(expr = "{client} cannot go on over TLS")]
async fn cannot_go_on(world: &mut Turnstile, client: ClientName) -> Step {
    let login = world
        .scene()?
        .login(&client, &crate::words::Manner::default())?;
    let roots = world.scene()?.roots()?;
    let Session::Wire(mut wire) = world.take_client(&client)? else {
        return Err(Surprise::new("this needs a wire client"));
    };
    if !matches!(wire.receive_byte().await, Ok(Some(b'S'))) {
        return Ok(());
    }
    let Ok(mut wire) = wire.handshake(&roots, None).await else {
        return Ok(());
    };
    match wire.log_in(&login).await {
        Err(failure) if !failure.late => Ok(()),
        other => Err(Surprise::new(format!("the login went on: {other:?}"))),
    }
}

#[then(expr = "{client} is answered with the byte {string}")]
async fn answered_with(world: &mut Turnstile, client: ClientName, byte: String) -> Step {
    let found = world.client(&client)?.wire()?.receive_byte().await?;
    expect("the answer", &found, &byte.bytes().next())
}

/// TLS from the first byte on, as `sslnegotiation=direct` does.
#[when(expr = "{client} begins TLS directly with ALPN {string}")]
async fn direct_tls(world: &mut Turnstile, client: ClientName, alpn: String) -> Step {
    let roots = world.scene()?.roots()?;
    let Session::Wire(wire) = world.take_client(&client)? else {
        return Err(Surprise::new("this needs a wire client"));
    };
    let wire = wire.handshake(&roots, Some(alpn.as_bytes())).await?;
    world.enter(client, Session::Wire(Box::new(wire)));
    Ok(())
}

/// A peer that may mean another service: the handshake as such goes well.
#[when(expr = "{client} begins TLS directly without ALPN")]
async fn direct_tls_without(world: &mut Turnstile, client: ClientName) -> Step {
    let roots = world.scene()?.roots()?;
    let Session::Wire(wire) = world.take_client(&client)? else {
        return Err(Surprise::new("this needs a wire client"));
    };
    let wire = wire.handshake(&roots, None).await?;
    world.enter(client, Session::Wire(Box::new(wire)));
    Ok(())
}

/// A startup packet of the client's own making: the version, then name and value a row.
#[when(expr = "{client} starts up with protocol {int}.{int}")]
async fn starts_up(
    world: &mut Turnstile,
    client: ClientName,
    major: u32,
    minor: u32,
    step: &GherkinStep,
) -> Step {
    let names = &world.scene()?.names;
    let pairs: Vec<(String, String)> = table::pairs(step)?
        .into_iter()
        .map(|(name, value)| (name.to_owned(), names.localize(value)))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let bytes = compose::startup(major << 16 | minor, &pairs);
    Ok(world.client(&client)?.wire()?.send(&bytes).await?)
}

#[when(expr = "{client} starts up with a packet of {int} bytes")]
async fn starts_up_long(world: &mut Turnstile, client: ClientName, length: usize) -> Step {
    let long = "x".repeat(length);
    let bytes = compose::startup(compose::PROTOCOL_3_0, &[("user", &long)]);
    Ok(world.client(&client)?.wire()?.send(&bytes).await?)
}

fn composed(world: &mut Turnstile, step: &GherkinStep) -> Step<Vec<u8>> {
    let names = &world.scene()?.names;
    let mut bytes = Vec::new();
    for row in table::rows(step)? {
        let mut words: Vec<String> = row.iter().map(|cell| names.localize(cell)).collect();
        let first = words.first().cloned().unwrap_or_default();
        let (count, name) = table::times(&first);
        if let Some(word) = words.first_mut() {
            name.clone_into(word);
        }
        let message = compose::from_words(&words)?;
        bytes.extend(message.repeat(count));
    }
    Ok(bytes)
}
