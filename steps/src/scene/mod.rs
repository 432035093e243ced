//! One scenario's PostgreSQL, pooler and names, and their end.

mod faults;
mod names;
mod setting;
mod teardown;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use harness::audit::{Footprint, Kept, Subject};
use harness::client::{Endpoint, Login, Roots, Tls};
use harness::console::Console;
use harness::relay::Relay;
use harness::toxiproxy::Proxy;
use harness::{Instance, Pooler, PoolerKind, PoolerSpec, scratch};

use crate::stage::{Stage, instance_spec};
use crate::surprise::{Step, Surprise};
use crate::words::{ClientName, Manner, Over};

pub use names::{DATABASE, LOOKUP_ROLE, Names};

/// What a scenario arranges before its clients come.
#[derive(Debug)]
pub struct Scene {
    pub stage: Arc<Stage>,
    pub names: Names,
    /// What the next (re)start or reload of the pooler is configured with.
    pub spec: PoolerSpec,
    /// What the audit finds afterwards and shall not complain about.
    pub kept: Kept,
    own: Option<Instance>,
    /// Whether PostgreSQL runs, as far as the steps know.
    pub up: bool,
    /// Stands between pooler and PostgreSQL where a feature wants one.
    pub relay: Option<Relay>,
    /// Like the relay, with faults at points of the protocol.
    proxy: Option<Proxy>,
    /// Whether a fault that has not acted is no reason to fail the scenario.
    pub spare_faults: bool,
    pooler: Option<Pooler>,
    before: Footprint,
    folder: PathBuf,
}

impl Scene {
    pub fn new(stage: Arc<Stage>) -> Step<Self> {
        Ok(Self {
            stage,
            names: Names::default(),
            spec: PoolerSpec::default(),
            kept: Kept::default(),
            own: None,
            up: true,
            relay: None,
            proxy: None,
            spare_faults: false,
            pooler: None,
            before: Footprint::default(),
            folder: scratch::folder("scene")?,
        })
    }

    /// A server that no other scenario uses.
    pub async fn take_own_instance(&mut self) -> Step {
        self.own = Some(Instance::start(self.stage.provider, &instance_spec()).await?);
        Ok(())
    }

    pub fn instance(&self) -> &Instance {
        self.own.as_ref().unwrap_or(&self.stage.instance)
    }

    /// The scenario's own server, for steps that stop it.
    pub fn own_instance(&self) -> Step<&Instance> {
        self.own
            .as_ref()
            .ok_or_else(|| Surprise::new("only PostgreSQL of its own may be stopped"))
    }

    pub fn pooler(&self) -> Step<&Pooler> {
        self.pooler
            .as_ref()
            .ok_or_else(|| Surprise::new("the feature has not started a pooler"))
    }

    /// Where the pooler has its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The pooler listens in its own folder, too.
    pub fn add_unix_socket(&mut self) {
        let folder = self.folder.join("pooler").display().to_string();
        let settings = &mut self.spec.settings;
        settings.push(("unix_socket_dir".to_owned(), folder));
    }

    /// Starts the pooler with the settings gathered so far, and notes what it holds at rest.
    pub async fn start_pooler(&mut self) -> Step {
        let folder = self.folder.join("pooler");
        self.pooler = Some(Pooler::start(self.stage.kind, &self.spec, &folder).await?);
        self.before = Footprint::settled(&self.subject()?).await?;
        Ok(())
    }

    /// Runs statements as superuser in the scenario's database.
    pub async fn run_as_superuser(&self, sql: &str) -> Step {
        let database = self.names.own(DATABASE);
        Ok(self
            .instance()
            .execute_sql(&database, &self.names.localize(sql))
            .await?)
    }

    /// A client's login through the pooler.
    pub fn login(&self, name: &ClientName, manner: &Manner) -> Step<Login> {
        let user = manner.user.as_deref().unwrap_or_else(|| name.user());
        let password = manner
            .password
            .clone()
            .unwrap_or_else(|| self.names.password(user));
        let pooler = self.pooler()?;
        Ok(Login {
            endpoint: Endpoint {
                host: if manner.over == Over::UnixSocket {
                    pooler.folder.display().to_string()
                } else {
                    pooler.host.clone()
                },
                port: pooler.port,
            },
            tls: if manner.over == Over::Tls {
                Tls::On(self.roots()?)
            } else {
                Tls::Off
            },
            user: self.names.own(user),
            password: (!manner.no_password).then_some(password),
            database: manner
                .database
                .clone()
                .unwrap_or_else(|| self.names.own(DATABASE)),
            parameters: manner.parameters.clone(),
        })
    }

    /// The authority that signed the certificate of PostgreSQL and of the pooler.
    pub fn roots(&self) -> Step<Roots> {
        Ok(Roots::from_pem_file(self.instance().ca_pem_path())?)
    }

    pub fn superuser_login(&self) -> Login {
        let instance = self.instance();
        Login {
            endpoint: Endpoint {
                host: instance.host().to_owned(),
                port: instance.port(),
            },
            tls: Tls::Off,
            user: instance.superuser().to_owned(),
            password: Some(instance.superuser_password().to_owned()),
            database: "postgres".to_owned(),
            parameters: Vec::new(),
        }
    }

    pub fn console(&self) -> Step<Console> {
        let pooler = self.pooler()?;
        let endpoint = Endpoint {
            host: pooler.host.clone(),
            port: pooler.port,
        };
        Ok(Console::new(endpoint, "pgturnstile", "admin", "admin"))
    }

    /// Waits for the pooler to exit; its code.
    pub async fn pooler_exit(&self, seconds: u64) -> Step<i32> {
        let exit = self.pooler()?.wait_exit(Duration::from_secs(seconds)).await;
        exit.ok_or_else(|| Surprise::new(format!("the pooler still runs after {seconds} s")))
    }

    /// Whom the audit asks: what still lives of this scene.
    fn subject(&self) -> Step<Subject> {
        let pooler = self.pooler()?;
        let alive = pooler.exited().is_none();
        let ours = self.stage.kind == PoolerKind::Pgturnstile;
        Ok(Subject {
            pid: pooler.pid.filter(|_| alive),
            console: if alive && ours {
                Some(self.console()?)
            } else {
                None
            },
            admin: self.up.then(|| self.superuser_login()),
            databases: vec![self.names.own(DATABASE)],
        })
    }
}
