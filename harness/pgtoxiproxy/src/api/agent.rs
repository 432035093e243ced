//! What every request goes through: numbers, the refusal of browsers, and a bound in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{SERVER, USER_AGENT};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::error::ApiError;

const NUMBER: HeaderName = HeaderName::from_static("x-toxiproxy-request-id");

const NAME: HeaderValue =
    HeaderValue::from_static(concat!("pgtoxiproxy/", env!("CARGO_PKG_VERSION")));

/// As long as Toxiproxy gives itself.
const LONGEST: Duration = Duration::from_secs(25);

/// The number of the latest request.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers(Arc<AtomicU64>);

/// Gives each request a number, tells it to the log and to the client.
pub(super) async fn number(
    State(numbers): State<Numbers>,
    request: Request,
    next: Next,
) -> Response {
    let number = numbers.0.fetch_add(1, Ordering::Relaxed) + 1;
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::debug!(number, %method, %uri, status, "request");
    let headers = response.headers_mut();
    headers.insert(SERVER, NAME);
    // Digits are always a valid value.
    if let Ok(value) = HeaderValue::from_str(&format!("{number:020}")) {
        headers.insert(NUMBER, value);
    }
    response
}

/// A web page that a developer visits must not be able to change their proxies.
pub(super) async fn refuse_browsers(request: Request, next: Next) -> Response {
    let agent = request.headers().get(USER_AGENT);
    if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        return (StatusCode::FORBIDDEN, "User agent not allowed\n").into_response();
    }
    next.run(request).await
}

/// Runs the handler to its end even if the client goes away, so that no change is left half done, and
/// answers in time in any case.
pub(super) async fn finish_whatever_happens(request: Request, next: Next) -> Response {
    let handler = tokio::spawn(next.run(request));
    let (status, reason) = match timeout(LONGEST, handler).await {
        Ok(Ok(response)) => return response,
        Ok(Err(error)) => {
            tracing::error!(%error, "a handler failed");
            let reason = "an error inside pgtoxiproxy; its log tells more";
            (StatusCode::INTERNAL_SERVER_ERROR, reason)
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "it takes too long"),
    };
    ApiError::new(status, reason).into_response()
}
