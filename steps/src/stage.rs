//! What all scenarios of a run share: the provider, the kind of pooler, one PostgreSQL, the fault
//! proxy's server, the artefacts.

use harness::artifacts::Artifacts;
use harness::toxiproxy::Server;
use harness::{Instance, InstanceSpec, PoolerKind, Provider};

use tokio::sync::OnceCell;

use crate::surprise::Step;

/// The shared things; scenarios take databases and roles of their own on the instance.
#[derive(Debug)]
pub struct Stage {
    pub provider: Provider,
    pub kind: PoolerKind,
    pub instance: Instance,
    pub artifacts: Artifacts,
    /// Started by the first scenario that wants faults.
    toxiproxy: OnceCell<Server>,
}

impl Stage {
    pub async fn set(provider: Provider, kind: PoolerKind) -> Step<Self> {
        let instance = Instance::start(provider, &instance_spec()).await?;
        Ok(Self {
            provider,
            kind,
            instance,
            artifacts: Artifacts::begin()?,
            toxiproxy: OnceCell::new(),
        })
    }

    pub async fn toxiproxy(&self) -> Step<&Server> {
        Ok(self.toxiproxy.get_or_try_init(Server::start).await?)
    }

    /// Takes the instance and the fault proxy's server down. The artefacts stay.
    pub async fn strike(self) -> Step {
        if let Some(server) = self.toxiproxy.into_inner() {
            server.stop().await?;
        }
        Ok(self.instance.remove().await?)
    }
}

/// The server of a scenario: TLS on, room for many clients at once.
pub fn instance_spec() -> InstanceSpec {
    InstanceSpec {
        tls: true,
        settings: vec![("max_connections".to_owned(), "500".to_owned())],
        ..InstanceSpec::default()
    }
}
