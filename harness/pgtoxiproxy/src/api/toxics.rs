//! `/proxies/{proxy}/toxics`.

use axum::routing::{MethodRouter, get};
use serde_json::Value;

use super::State;
use super::answer;
use super::error::Answer;
use super::request::{Found, Json};
use crate::toxic::Toxic;

pub(super) fn all() -> MethodRouter<State> {
    get(list).post(create)
}

pub(super) fn one() -> MethodRouter<State> {
    get(show).post(update).patch(update).delete(remove)
}

async fn list(found: Found) -> Answer {
    let toxics = found.proxy.faults().toxics();
    let toxics: Vec<_> = toxics.iter().map(|toxic| toxic.to_json()).collect();
    Ok(answer::ok(&Value::Array(toxics)))
}

async fn create(found: Found, body: Json) -> Answer {
    let toxic = Toxic::from_json(&body.object()?)?;
    Ok(answer::ok(&found.proxy.add_toxic(toxic)?.to_json()))
}

async fn show(found: Found) -> Answer {
    Ok(answer::ok(
        &found.proxy.toxic(found.name("toxic"))?.to_json(),
    ))
}

async fn update(found: Found, body: Json) -> Answer {
    let name = found.name("toxic");
    let toxic = found.proxy.patch_toxic(name, &body.object()?)?;
    Ok(answer::ok(&toxic.to_json()))
}

async fn remove(found: Found) -> Answer {
    found.proxy.remove_toxic(found.name("toxic"))?;
    Ok(answer::nothing())
}
