//! `/proxies`, `/populate` and `/reset`.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use serde_json::{Map, Value, json};

use super::State;
use super::answer;
use super::error::{Answer, ApiError};
use super::request::{Found, Json};
use crate::proxy::{Change, Proxies, Proxy, Spec};

pub(super) fn one() -> MethodRouter<State> {
    get(show).post(update).patch(update).delete(remove)
}

pub(super) async fn all(extract::State(proxies): extract::State<Proxies>) -> Response {
    let all = proxies.all();
    let all: Map<_, _> = all
        .iter()
        .map(|proxy| (proxy.name().to_owned(), shown(proxy)))
        .collect();
    answer::ok(&all.into())
}

pub(super) async fn create(extract::State(proxies): extract::State<Proxies>, body: Json) -> Answer {
    let spec = Spec::from_json(&body.object()?, "").await?;
    let proxy = proxies.add(spec).await?;
    Ok(answer::json(StatusCode::CREATED, &shown(&proxy)))
}

/// Nothing is changed unless all of the body makes sense; an address that can't be had is only
/// noticed on the way, and the answer tells the proxies that were there before.
pub(super) async fn populate(
    extract::State(proxies): extract::State<Proxies>,
    body: Json,
) -> Answer {
    let specs = match specs(&body).await {
        Ok(specs) => specs,
        Err(error) => return Ok(populated(&[], Err(error))),
    };
    let (there, outcome) = proxies.populate(specs).await;
    let there: Vec<_> = there.iter().map(|proxy| shown(proxy)).collect();
    Ok(populated(&there, outcome.map_err(ApiError::from)))
}

pub(super) async fn reset(extract::State(proxies): extract::State<Proxies>) -> Answer {
    proxies.reset().await?;
    Ok(answer::nothing())
}

async fn show(found: Found) -> Answer {
    Ok(answer::ok(&shown(&found.proxy)))
}

async fn update(
    extract::State(proxies): extract::State<Proxies>,
    found: Found,
    body: Json,
) -> Answer {
    let before = found.proxy.spec();
    let change = Change::from_json(&body.object()?, before.tls.as_ref()).await?;
    let proxy = proxies.update(found.proxy.name(), change).await?;
    Ok(answer::ok(&shown(&proxy)))
}

async fn remove(extract::State(proxies): extract::State<Proxies>, found: Found) -> Answer {
    proxies.remove(found.proxy.name()).await?;
    Ok(answer::nothing())
}

pub(super) async fn specs(body: &Json) -> Result<Vec<Spec>, ApiError> {
    let mut specs = Vec::new();
    for (number, object) in (1..).zip(body.objects()?) {
        let place = format!(" at proxy {number}");
        specs.push(Spec::from_json(object, &place).await?);
    }
    Ok(specs)
}

fn populated(there: &[Value], outcome: Result<(), ApiError>) -> Response {
    match outcome {
        Ok(()) => answer::json(StatusCode::CREATED, &json!({ "proxies": there })),
        Err(ApiError { status, reason }) => {
            let body = json!({"error": reason, "status": status.as_u16(), "proxies": there});
            answer::json(status, &body)
        }
    }
}

fn shown(proxy: &Proxy) -> Value {
    let spec = proxy.spec();
    let toxics = proxy.faults().toxics();
    let toxics: Vec<_> = toxics.iter().map(|toxic| toxic.to_json()).collect();
    let mut shown = json!({
        "name": spec.name,
        "listen": spec.listen,
        "upstream": spec.upstream,
        "enabled": spec.enabled,
        "toxics": toxics,
    });
    if let Some(tls) = spec.tls {
        shown["tls"] = json!({ "certificate": tls.certificate });
    }
    shown
}
