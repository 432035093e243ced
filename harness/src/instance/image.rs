//! The container image: the official `postgres` where there is one, else our own of the same
//! interface, built by `ci/images/build`.

use std::borrow::Cow;
use std::env;

use testcontainers::bollard::Docker;
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::{CopyToContainer, Image};
use tokio::process::Command;

use crate::artifacts::repository;
use crate::provider::engine;
use crate::{Error, Result};

/// The major that is used where none is asked for.
pub const DEFAULT_MAJOR: u8 = 15;
/// PostgreSQL's port inside the container.
pub const PORT: ContainerPort = ContainerPort::Tcp(5432);

/// An image that speaks the official one's interface: `POSTGRES_PASSWORD`, arguments for the
/// server, `docker-entrypoint.sh` on its PATH.
#[derive(Debug, Clone)]
pub struct Postgres {
    name: String,
    tag: String,
    environment: Vec<(String, String)>,
    script: String,
    files: Vec<CopyToContainer>,
}

impl Postgres {
    /// `script` is run by the container's shell; it hands over to the entry point at its end.
    pub fn new(
        reference: &str,
        environment: Vec<(String, String)>,
        script: String,
        files: Vec<CopyToContainer>,
    ) -> Self {
        let (name, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
        Self {
            name: name.to_owned(),
            tag: tag.to_owned(),
            environment,
            script,
            files,
        }
    }
}

impl Image for Postgres {
    fn name(&self) -> &str {
        &self.name
    }

    fn tag(&self) -> &str {
        &self.tag
    }

    /// Nothing to wait for here: a log line or an open port proves little, a login proves it all.
    fn ready_conditions(&self) -> Vec<WaitFor> {
        Vec::new()
    }

    fn env_vars(
        &self,
    ) -> impl IntoIterator<Item = (impl Into<Cow<'_, str>>, impl Into<Cow<'_, str>>)> {
        self.environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn copy_to_sources(&self) -> impl IntoIterator<Item = &CopyToContainer> {
        &self.files
    }

    fn entrypoint(&self) -> Option<&str> {
        Some("sh")
    }

    fn cmd(&self) -> impl IntoIterator<Item = impl Into<Cow<'_, str>>> {
        ["-c", self.script.as_str()]
    }

    fn expose_ports(&self) -> &[ContainerPort] {
        &[PORT]
    }
}

/// The image for a major: `PG_IMAGE`, the official one, or ours; the first that is there.
pub async fn find(docker: &Docker, major: u8) -> Option<String> {
    let asked = env::var("PG_IMAGE").ok().filter(|image| !image.is_empty());
    if let Some(asked) = asked.filter(|_| major == default_major()) {
        return Some(asked);
    }
    for candidate in [
        format!("postgres:{major}"),
        format!("pgturnstile/postgres:{major}"),
    ] {
        if docker.inspect_image(&candidate).await.is_ok() {
            return Some(candidate);
        }
    }
    None
}

/// Makes sure that there is an image for this major, and tells which.
pub async fn ensure(major: Option<u8>) -> Result<String> {
    let docker = engine().await?;
    let major = major.unwrap_or_else(default_major);
    if let Some(image) = find(&docker, major).await {
        return Ok(format!("image {image}"));
    }
    build(major).await?;
    match find(&docker, major).await {
        Some(image) => Ok(format!("image {image}, made just now")),
        None => Err(Error::told(format!(
            "there is no image of PostgreSQL {major}: make images"
        ))),
    }
}

/// `PG_MAJOR`, else [`DEFAULT_MAJOR`].
pub fn default_major() -> u8 {
    env::var("PG_MAJOR")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(DEFAULT_MAJOR)
}

async fn build(major: u8) -> Result<()> {
    let script = repository().join("ci/images/build");
    eprintln!(
        "harness: no image of PostgreSQL {major} yet, building one ({})",
        script.display()
    );
    let output = Command::new(&script)
        .arg(major.to_string())
        .output()
        .await
        .map_err(Error::io(script.display().to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::told(format!(
        "building the image failed (make images shows it all):\n{text}"
    )))
}
