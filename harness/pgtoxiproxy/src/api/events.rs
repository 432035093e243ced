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

/// All that is still kept, or what came `?after=` a number.
pub(super) async fn all(found: Found, uri: Uri) -> Answer {
    let events = found.proxy.faults().events(after(&uri)?);
    let lines = events
        .iter()
        .map(shown)
        .fold(String::new(), |mut lines, event| {
            // Writing to a string can't fail.
            let _ = writeln!(lines, "{event}");
            lines
        });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

fn after(uri: &Uri) -> Result<u64, ApiError> {
    let mut pairs = uri.query().unwrap_or_default().split('&');
    let Some(number) = pairs.find_map(|pair| pair.strip_prefix("after=")) else {
        return Ok(0);
    };
    let sentence = "after must be the number of an event";
    number
        .parse()
        .map_err(|_| Refused(sentence.to_owned()).into())
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
