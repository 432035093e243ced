//! What answers have in common.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}

pub(super) fn ok(body: &Value) -> Response {
    json(StatusCode::OK, body)
}

pub(super) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// To the byte what Toxiproxy says, for clients that compare it; the `Server` header tells whose
/// answer it is.
pub(super) async fn version() -> Response {
    let kind = [(CONTENT_TYPE, "application/json;charset=utf-8")];
    let body = format!("{{\"version\": \"{}\"}}\n", crate::API_VERSION);
    (kind, body).into_response()
}
