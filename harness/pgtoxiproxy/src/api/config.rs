//! A config file: what `POST /populate` takes, read at the start.

use std::path::Path;

use super::proxies;
use super::request::Json;
use crate::proxy::Proxies;

/// Creates the proxies that a file names.
///
/// # Errors
/// A sentence about what is wrong with it.
pub async fn populate_from(proxies: &Proxies, path: &Path) -> Result<(), String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let body = serde_json::from_slice(&text).map_err(|error| format!("it is no JSON: {error}"))?;
    let specs = proxies::specs(&Json(body)).await;
    let specs = specs.map_err(|error| error.reason)?;
    let (there, outcome) = proxies.populate(specs).await;
    outcome.map_err(|error| error.to_string())?;
    tracing::info!(proxies = there.len(), config = %path.display(), "populated");
    Ok(())
}
