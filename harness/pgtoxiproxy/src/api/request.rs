//! What handlers take from a request: the proxy that the path names, and the body.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::State;
use super::error::ApiError;
use crate::proxy::Proxy;
use crate::toxic::Refused;

/// More than a thousand proxies need.
const MAX_BODY: usize = 1 << 20;

/// As long as Toxiproxy waits for a request.
const READ: Duration = Duration::from_secs(15);

/// The proxy that the path names, and the path's names by their place in it.
pub(super) struct Found {
    pub(super) proxy: Arc<Proxy>,
    names: HashMap<String, String>,
}

impl Found {
    /// The name at a place of the path, such as `toxic`.
    pub(super) fn name(&self, place: &str) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }
}

impl FromRequestParts<State> for Found {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ApiError> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Ok(Path(names)) = path else {
            let reason = "bad request path: a name in it is no UTF-8";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, reason));
        };
        let name = names.get("proxy").map_or("", String::as_str);
        let proxy = state.proxies.get(name)?;
        Ok(Self { proxy, names })
    }
}

/// A body that holds one JSON value.
pub(super) struct Json(pub(super) Value);

impl Json {
    fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let value = serde_json::from_slice(bytes);
        value.map(Self).map_err(|error| Refused::body(error).into())
    }

    /// The object that it is; `null` is one without fields, as in Toxiproxy.
    pub(super) fn object(self) -> Result<Map<String, Value>, ApiError> {
        match self.0 {
            Value::Null => Ok(Map::new()),
            Value::Object(object) => Ok(object),
            _ => Err(Refused::body("it must be an object").into()),
        }
    }

    /// The objects of the array that it is.
    pub(super) fn objects(&self) -> Result<Vec<&Map<String, Value>>, ApiError> {
        let objects = match &self.0 {
            Value::Null => Some(Vec::new()),
            Value::Array(values) => values.iter().map(Value::as_object).collect(),
            _ => None,
        };
        objects.ok_or_else(|| Refused::body("it must be an array of objects").into())
    }
}

impl FromRequest<State> for Json {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &State) -> Result<Self, ApiError> {
        Self::parse(&read(request).await?)
    }
}

/// A body that may be empty, which is the same as `null`.
pub(super) struct Perhaps(pub(super) Json);

impl FromRequest<State> for Perhaps {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &State) -> Result<Self, ApiError> {
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(Json(Value::Null)));
        }
        Json::parse(&bytes).map(Self)
    }
}

async fn read(request: Request) -> Result<Bytes, ApiError> {
    let read = timeout(READ, to_bytes(request.into_body(), MAX_BODY)).await;
    let reason = match read {
        Ok(Ok(bytes)) => return Ok(bytes),
        Ok(Err(_)) => "it is larger than 1 MiB, or broke off",
        Err(_) => "it was not complete within 15 s",
    };
    Err(Refused::body(reason).into())
}
