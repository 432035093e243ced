//! `/proxies/{proxy}/events`: what happened, one JSON object a line.

use std::fmt::Write;

use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::error::{Answer, ApiError};
use super::request::Found;
use crate::engine::events::{Event, What};
use crate::toxic::Refused;

/// All that is still kept, or what came `?after=` a number; with `?fired=true` only what toxics did.
pub(super) async fn all(found: Found, uri: Uri) -> Answer {
    let events = found.proxy.faults().events(after(&uri)?);
    let fired = fired(&uri)?;
    let lines = events
        .iter()
        .filter(|event| !fired || has_fired(event))
        .map(shown)
        .fold(String::new(), |mut lines, event| {
            // Writing to a string can't fail.
            let _ = writeln!(lines, "{event}");
            lines
        });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

fn after(uri: &Uri) -> Result<u64, ApiError> {
    let Some(number) = parameter(uri, "after=") else {
        return Ok(0);
    };
    let sentence = "after must be the number of an event";
    number
        .parse()
        .map_err(|_| Refused(sentence.to_owned()).into())
}

fn fired(uri: &Uri) -> Result<bool, ApiError> {
    let Some(text) = parameter(uri, "fired=") else {
        return Ok(false);
    };
    let sentence = "fired must be true or false";
    text.parse()
        .map_err(|_| Refused(sentence.to_owned()).into())
}

/// What follows `name=` in the query.
fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let mut pairs = uri.query().unwrap_or_default().split('&');
    pairs.find_map(|pair| pair.strip_prefix(name))
}

fn has_fired(event: &Event) -> bool {
    matches!(&event.what, What::Message { toxics, .. } if !toxics.is_empty())
}

fn shown(event: &Event) -> Value {
    let mut shown = match &event.what {
        What::Opened { client } => json!({"event": "opened", "client": client}),
        What::Closed => json!({"event": "closed"}),
        What::Message {
            stream,
            message,
            toxics,
        } => json!({
            "event": "message",
            "direction": stream.as_str(),
            "message": message,
            "toxics": toxics,
        }),
    };
    shown["number"] = event.number.into();
    shown["time"] = event.time.into();
    shown["connection"] = event.connection.into();
    shown
}
