//! `/proxies/{proxy}/holds`: who waits, and the way on.

use serde_json::{Value, json};

use super::answer;
use super::error::Answer;
use super::request::{Found, Perhaps};
use crate::engine::holds::Held;
use crate::toxic::fields::Fields;

pub(super) async fn all(found: Found) -> Answer {
    let held = found.proxy.faults().holds();
    Ok(answer::ok(&held.iter().map(shown).collect()))
}

/// Lets the first `count` go on, or all who wait now. Nobody waiting is no error: whoever releases
/// can look at the number.
pub(super) async fn release(found: Found, Perhaps(body): Perhaps) -> Answer {
    let body = body.object()?;
    let count = Fields::new(&body).count("count")?;
    let count = count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let released = found.proxy.faults().release(found.name("hold"), count);
    Ok(answer::ok(&json!({ "released": released })))
}

fn shown(held: &Held) -> Value {
    json!({
        "name": held.name,
        "toxic": held.toxic,
        "connection": held.connection,
        "stream": held.stream.as_str(),
        "message": held.message,
        "user": held.user,
        "database": held.database,
        "seconds": held.seconds,
    })
}
