//! The HTTP API: Toxiproxy's, and what holds and events add to it.

mod agent;
mod answer;
mod config;
mod error;
mod events;
mod holds;
mod metrics;
mod proxies;
mod request;
mod serve;
mod toxics;

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
pub use config::populate_from;
pub use metrics::Metrics;
pub use serve::serve;

use crate::proxy::Proxies;

/// What a Go server answers by itself for an unknown path.
const NO_ROUTE: (StatusCode, &str) = (StatusCode::NOT_FOUND, "404 page not found\n");

/// What the handlers work on.
#[derive(Debug, Clone)]
struct State {
    proxies: Proxies,
    metrics: Metrics,
}

impl FromRef<State> for Proxies {
    fn from_ref(state: &State) -> Self {
        state.proxies.clone()
    }
}

/// The whole API for these proxies.
pub fn router(proxies: Proxies, metrics: Metrics) -> Router {
    let mut router = Router::new()
        .route("/version", get(answer::version))
        .route("/reset", post(proxies::reset))
        .route("/populate", post(proxies::populate))
        .route("/proxies", get(proxies::all).post(proxies::create))
        .route("/proxies/{proxy}", proxies::one())
        .route("/proxies/{proxy}/toxics", toxics::all())
        .route("/proxies/{proxy}/toxics/{toxic}", toxics::one())
        .route("/proxies/{proxy}/holds", get(holds::all))
        .route(
            "/proxies/{proxy}/holds/{hold}/release",
            post(holds::release),
        )
        .route("/proxies/{proxy}/events", get(events::all));
    if metrics.any() {
        router = router.route("/metrics", get(metrics::all));
    }
    router
        .fallback(NO_ROUTE)
        .method_not_allowed_fallback(StatusCode::METHOD_NOT_ALLOWED)
        .layer(from_fn(agent::finish_whatever_happens))
        .layer(from_fn(agent::refuse_browsers))
        .layer(from_fn_with_state(agent::Numbers::default(), agent::number))
        .with_state(State { proxies, metrics })
}
