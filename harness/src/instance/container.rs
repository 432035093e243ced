//! PostgreSQL in a container, through testcontainers.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use testcontainers::bollard::models::{HostConfig, PortBinding};
use testcontainers::bollard::query_parameters::{KillContainerOptionsBuilder, LogsOptionsBuilder};
use testcontainers::bollard::{self, Docker};
use testcontainers::core::ExecCommand;
use testcontainers::runners::AsyncRunner;
use testcontainers::{
    ContainerAsync, ContainerRequest, CopyTargetOptions, CopyToContainer, ImageExt,
};
use tokio::time::Instant;

use super::settings::{Places, configuration, hba};
use super::{HOST, Mode, Order, SUPERUSER, image};
use crate::provider::engine;
use crate::sweep::{OWNER_LABEL, SCOPE_LABEL};
use crate::{Error, Result, owner, ports};

/// How long a server may take to stop when nothing holds it up.
const STOPS_WITHIN: Duration = Duration::from_secs(30);
/// Another process may take the port that we found free.
const TRIES: usize = 5;
const FOLDER: &str = "/etc/pgturnstile";

/// Runs as the container's root: hands our files to the server's user, then lets the image's own
/// entry point begin. Copied files belong to root, and PostgreSQL wants its key for itself.
const SCRIPT: &str = "set -e
mkdir -p /etc/pgturnstile
cp /tmp/pgturnstile.postgresql.conf /etc/pgturnstile/postgresql.conf
[ -e /etc/pgturnstile/pg_hba.conf ] || cp /tmp/pgturnstile.pg_hba.conf /etc/pgturnstile/pg_hba.conf
cp /tmp/pgturnstile.server.crt /etc/pgturnstile/server.crt
cp /tmp/pgturnstile.server.key /etc/pgturnstile/server.key
chmod 600 /etc/pgturnstile/server.key
chown -R postgres /etc/pgturnstile
exec docker-entrypoint.sh postgres -c config_file=/etc/pgturnstile/postgresql.conf";

#[derive(Debug)]
pub(super) struct Container {
    docker: Docker,
    handle: Option<ContainerAsync<image::Postgres>>,
    id: String,
}

impl Container {
    pub(super) async fn start(order: &Order<'_>) -> Result<(Self, u16)> {
        let docker = engine().await?;
        let major = order.spec.major.unwrap_or_else(image::default_major);
        if image::find(&docker, major).await.is_none() {
            image::ensure(Some(major)).await?;
        }
        let reference = image::find(&docker, major)
            .await
            .ok_or_else(|| Error::told(format!("no image of PostgreSQL {major}: make images")))?;
        let mut tries = TRIES;
        loop {
            let port = ports::free()?;
            match request(&reference, order, port)?.start().await {
                Ok(container) => {
                    let id = container.id().to_owned();
                    return Ok((
                        Self {
                            docker,
                            handle: Some(container),
                            id,
                        },
                        port,
                    ));
                }
                Err(error) if tries > 1 && port_is_taken(&error.to_string()) => tries -= 1,
                Err(error) => return Err(refused("starting the container")(error)),
            }
        }
    }

    pub(super) async fn start_again(&self) -> Result<()> {
        self.container()?
            .start()
            .await
            .map_err(refused("starting the container again"))
    }

    pub(super) async fn stop(&self, mode: Mode) -> Result<()> {
        self.end(match mode {
            Mode::Smart => "SIGTERM",
            Mode::Fast => "SIGINT",
            Mode::Immediate => "SIGQUIT",
        })
        .await
    }

    pub(super) async fn kill9(&self) -> Result<()> {
        self.end("SIGKILL").await
    }

    /// `docker pause`.
    pub(super) async fn freeze(&self) -> Result<()> {
        let paused = self.docker.pause_container(&self.id).await;
        paused.map_err(refused("pausing the container"))
    }

    pub(super) async fn thaw(&self) -> Result<()> {
        match self.docker.unpause_container(&self.id).await {
            // 409 and, from older engines, 500: it is not paused.
            Err(bollard::errors::Error::DockerResponseServerError {
                status_code: 409 | 500,
                message,
            }) if message.contains("not paused") || message.contains("not running") => Ok(()),
            other => other.map_err(refused("going on with the container")),
        }
    }

    async fn end(&self, signal: &str) -> Result<()> {
        if self.ended().await?.is_some() {
            return Ok(());
        }
        // What stands still would hear of no end.
        self.thaw().await?;
        let options = KillContainerOptionsBuilder::default()
            .signal(signal)
            .build();
        self.docker
            .kill_container(&self.id, Some(options))
            .await
            .map_err(refused(signal))?;
        let deadline = Instant::now() + STOPS_WITHIN;
        while self.ended().await?.is_none() {
            if Instant::now() > deadline {
                let told = format!("PostgreSQL did not stop within 30 s of {signal}");
                return Err(Error::told(told));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// How the server ended, if it has.
    pub(super) async fn ended(&self) -> Result<Option<String>> {
        let container = self.container()?;
        let what = "inspecting the container";
        if container.is_running().await.map_err(refused(what))? {
            return Ok(None);
        }
        let code = container.exit_code().await.map_err(refused(what))?;
        Ok(Some(format!("exit {}", code.unwrap_or(-1))))
    }

    pub(super) async fn write_hba(&self, text: &str) -> Result<()> {
        let script = format!("printf %s \"$1\" > {FOLDER}/pg_hba.conf");
        let command = ExecCommand::new(["sh", "-c", script.as_str(), "sh", text]);
        let what = "writing pg_hba.conf";
        let mut result = self
            .container()?
            .exec(command)
            .await
            .map_err(refused(what))?;
        // Reading to its end is how one waits for the command.
        result.stdout_to_vec().await.map_err(refused(what))?;
        Ok(())
    }

    pub(super) async fn log(&self) -> Result<String> {
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .build();
        let mut chunks = self.docker.logs(&self.id, Some(options));
        let mut text = String::new();
        while let Some(chunk) = chunks.next().await {
            text.push_str(&chunk.map_err(refused("the container's log"))?.to_string());
        }
        Ok(text)
    }

    pub(super) async fn remove(mut self) -> Result<()> {
        match self.handle.take() {
            Some(container) => container
                .rm()
                .await
                .map_err(refused("removing the container")),
            None => Ok(()),
        }
    }

    fn container(&self) -> Result<&ContainerAsync<image::Postgres>> {
        self.handle
            .as_ref()
            .ok_or_else(|| Error::told("the container is gone"))
    }
}

impl Drop for Container {
    /// testcontainers removes it in a task of the runtime; without one that would panic, and the
    /// sweep removes it by its label.
    fn drop(&mut self) {
        if tokio::runtime::Handle::try_current().is_err() {
            std::mem::forget(self.handle.take());
        }
    }
}

fn request(
    reference: &str,
    order: &Order<'_>,
    port: u16,
) -> Result<ContainerRequest<image::Postgres>> {
    let environment = vec![
        ("POSTGRES_PASSWORD".to_owned(), order.password.to_owned()),
        ("POSTGRES_USER".to_owned(), SUPERUSER.to_owned()),
    ];
    let image = image::Postgres::new(reference, environment, SCRIPT.to_owned(), files(order)?);
    Ok(image
        .with_label(OWNER_LABEL, owner::Owner::me().as_str())
        .with_label(SCOPE_LABEL, owner::scope())
        .with_shm_size(128 << 20)
        .with_startup_timeout(Duration::from_secs(60))
        .with_host_config_modifier(move |host| publish_on_loopback(host, port)))
}

/// By default testcontainers publishes on every address of the machine.
fn publish_on_loopback(host: &mut HostConfig, port: u16) {
    let binding = PortBinding {
        host_ip: Some(HOST.to_owned()),
        host_port: Some(port.to_string()),
    };
    host.publish_all_ports = Some(false);
    host.port_bindings = Some(HashMap::from([(
        "5432/tcp".to_owned(),
        Some(vec![binding]),
    )]));
}

fn files(order: &Order<'_>) -> Result<Vec<CopyToContainer>> {
    let inside = |name: &str| format!("{FOLDER}/{name}");
    let (chain, key, rules) = (
        inside("server.crt"),
        inside("server.key"),
        inside("pg_hba.conf"),
    );
    let places = Places {
        listen: "*",
        port: 5432,
        sockets: "/var/run/postgresql",
        hba: &rules,
        tls: order.spec.tls.then_some((chain.as_str(), key.as_str())),
    };
    let read =
        |path: &std::path::Path| std::fs::read(path).map_err(Error::io(path.display().to_string()));
    let copy = |name: &str, content: Vec<u8>, mode: u32| {
        let target = CopyTargetOptions::new(format!("/tmp/pgturnstile.{name}")).with_mode(mode);
        CopyToContainer::new(content, target)
    };
    let conf = configuration(&places, &order.spec.settings).into_bytes();
    let rules = hba(SUPERUSER, order.spec.hba.as_deref()).into_bytes();
    Ok(vec![
        copy("postgresql.conf", conf, 0o644),
        copy("pg_hba.conf", rules, 0o644),
        copy("server.crt", read(&order.certificate.chain)?, 0o644),
        copy("server.key", read(&order.certificate.key)?, 0o600),
    ])
}

fn port_is_taken(error: &str) -> bool {
    ["already allocated", "already in use"]
        .iter()
        .any(|text| error.contains(text))
}

fn refused<E>(what: &str) -> impl FnOnce(E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let what = what.to_owned();
    move |source| Error::Container {
        what,
        source: Box::new(source),
    }
}
