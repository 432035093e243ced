//! Errors as the API answers them: `{"error": "…", "status": N}`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer;
use crate::proxy;
use crate::toxic::Refused;

/// What a handler gives.
pub(super) type Answer = Result<Response, ApiError>;

/// A status and its reason.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) reason: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
        }
    }
}

impl From<proxy::Error> for ApiError {
    fn from(error: proxy::Error) -> Self {
        use proxy::Error;
        let status = match error {
            Error::NoProxy | Error::NoToxic => StatusCode::NOT_FOUND,
            Error::ProxyExists | Error::ToxicExists => StatusCode::CONFLICT,
            Error::Listen(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Error::Refused(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::new(StatusCode::BAD_REQUEST, refused.0)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.reason, "status": self.status.as_u16()});
        answer::json(self.status, &body)
    }
}
