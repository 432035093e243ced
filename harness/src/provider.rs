//! Which kind of PostgreSQL a run uses, and why: containers, or local processes.

use std::time::Duration;

use testcontainers::bollard::Docker;

use crate::instance::image;
use crate::{Error, Result};

/// Where PostgreSQL instances come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// A container on the Docker engine at hand.
    Container,
    /// A process of this machine, from a bin directory.
    Local,
}

impl Provider {
    /// Decides as [`Self::decide`] does, and says so on stdout.
    pub async fn choose(wish: &str) -> Result<(Self, String)> {
        let (provider, reason) = Self::decide(wish).await?;
        println!("provider: {} ({reason})", provider.name());
        Ok((provider, reason))
    }

    /// Decides as `PG_PROVIDER` says (`auto` when empty), and why. With a Docker engine, `auto`
    /// takes containers and builds the image when none is there.
    pub async fn decide(wish: &str) -> Result<(Self, String)> {
        match wish.trim() {
            "" | "auto" => Self::automatic().await,
            "container" => {
                let reason = image::ensure(None).await?;
                Ok((Self::Container, format!("asked for, {reason}")))
            }
            "local" => Ok((Self::Local, "asked for".to_owned())),
            other => {
                let told = format!("PG_PROVIDER={other}: it is auto, container or local");
                Err(Error::told(told))
            }
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Local => "local",
        }
    }

    async fn automatic() -> Result<(Self, String)> {
        match engine().await {
            Ok(_) => Ok((Self::Container, image::ensure(None).await?)),
            Err(_) => Ok((Self::Local, "no Docker engine answers".to_owned())),
        }
    }
}

/// The Docker engine, when it answers.
pub async fn engine() -> Result<Docker> {
    let refused = |source: testcontainers::bollard::errors::Error| Error::Container {
        what: "no Docker engine answers".to_owned(),
        source: Box::new(source),
    };
    let docker = Docker::connect_with_local_defaults().map_err(refused)?;
    let answer = tokio::time::timeout(Duration::from_secs(5), docker.ping()).await;
    match answer {
        Ok(Ok(_)) => Ok(docker),
        Ok(Err(error)) => Err(refused(error)),
        Err(_) => Err(Error::told("the Docker engine did not answer within 5 s")),
    }
}
