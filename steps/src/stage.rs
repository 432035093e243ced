//! What all scenarios of a run share: the provider, the kind of pooler, one PostgreSQL, the
//! artefacts.

use harness::artifacts::Artifacts;
use harness::{Instance, InstanceSpec, PoolerKind, Provider};

use crate::surprise::Step;

/// The shared things; scenarios take databases and roles of their own on the instance.
#[derive(Debug)]
pub struct Stage {
    pub provider: Provider,
    pub kind: PoolerKind,
    pub instance: Instance,
    pub artifacts: Artifacts,
}

impl Stage {
    pub async fn set(provider: Provider, kind: PoolerKind) -> Step<Self> {
        let instance = Instance::start(provider, &instance_spec()).await?;
        Ok(Self {
            provider,
            kind,
            instance,
            artifacts: Artifacts::begin()?,
        })
    }

    /// Takes the instance down. The artefacts stay.
    pub async fn strike(self) -> Step {
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
