//! Putting a fault in place, and taking it away.

use std::collections::BTreeMap;
use std::sync::Arc;

use harness::Result;
use harness::client::Failure;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::turns::Turns;
use super::{network, password, pooler, server};
use crate::ground::Ground;
use crate::history::Recorder;
use crate::plan::{Fault, PoolerFault, ServerFault, Side, Trouble};

/// What the faults of a run share.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) ground: Arc<Ground>,
    pub(super) recorder: Recorder,
    /// How many faults want a proxy down.
    pub(super) downs: Mutex<BTreeMap<Side, usize>>,
    pub(super) turns: Turns,
}

/// What began, as far as it can't be told from the fault.
#[derive(Debug, Default)]
pub(super) struct Begun {
    /// How often it acted, when that is known at once.
    hits: Option<u64>,
    /// A PAUSE that may still wait for its answer.
    pause: Option<JoinHandle<Result<(), Failure>>>,
}

impl Stage {
    pub(super) fn new(ground: Arc<Ground>, recorder: Recorder) -> Self {
        Self {
            ground,
            recorder,
            downs: Mutex::default(),
            turns: Turns::default(),
        }
    }

    /// # Cancel safety
    /// Dropped, part of the fault may be in place; [`Stage::end`] takes that away.
    pub(super) async fn begin(&self, number: usize, fault: &Fault) -> Result<Begun> {
        let mut begun = Begun::default();
        match fault {
            Fault::Network {
                side,
                trouble: Trouble::Down,
            } => network::go_down(self, *side).await?,
            Fault::Network { .. } | Fault::AtPoint { .. } | Fault::LookUps(_) => {
                network::add(self, number, fault).await?;
            }
            Fault::Server(fault) => begun.hits = self.begin_at_server(number, *fault).await?,
            Fault::Password { user, new } => password::change(self, *user, *new).await?,
            Fault::Pooler(PoolerFault::Pause) => {
                begun.pause = Some(pooler::pause(&self.ground).await?);
            }
            Fault::Pooler(fault) => self.begin_at_pooler(number, *fault).await?,
        }
        Ok(begun)
    }

    async fn begin_at_server(&self, number: usize, fault: ServerFault) -> Result<Option<u64>> {
        let instance = &self.ground.instance;
        match fault {
            ServerFault::Restart(stop) => server::stop(instance, stop).await?,
            ServerFault::Freeze => instance.freeze().await?,
            ServerFault::TerminateAll => return server::terminate(instance, true).await.map(Some),
            ServerFault::TerminateOne => return server::terminate(instance, false).await.map(Some),
            ServerFault::Reload => server::report_another(instance, number).await?,
        }
        Ok(None)
    }

    async fn begin_at_pooler(&self, number: usize, fault: PoolerFault) -> Result<()> {
        let ground = &self.ground;
        match fault {
            PoolerFault::Reload => pooler::reload(ground).await,
            PoolerFault::ReloadChanged => pooler::reload_changed(ground, number).await,
            PoolerFault::ReloadBroken => pooler::reload_broken(ground).await,
            PoolerFault::Kill => pooler::kill(ground).await,
            PoolerFault::Drain => pooler::drain(ground).await,
            PoolerFault::Pause => Ok(()),
        }
    }

    /// Takes it away, however far its beginning came (`None`: it failed); how often it acted.
    ///
    /// # Cancel safety
    /// Dropped, part of the fault may still be there; [`super::lift_all`] takes that away.
    pub(super) async fn end(
        &self,
        number: usize,
        fault: &Fault,
        begun: Option<Begun>,
    ) -> Result<Option<u64>> {
        let failed = begun.is_none();
        let begun = begun.unwrap_or_default();
        match fault {
            Fault::Network {
                side,
                trouble: Trouble::Down,
            } => network::come_up(self, *side).await?,
            Fault::Network { .. } | Fault::AtPoint { .. } | Fault::LookUps(_) => {
                return network::remove(self, number).await.map(Some);
            }
            Fault::Server(fault) => self.end_at_server(number, *fault).await?,
            Fault::Password { user, .. } if failed => {
                let _turn = self.turns.of(fault).await;
                password::put_back(self, *user).await?;
            }
            Fault::Password { .. } => {}
            Fault::Pooler(fault) => self.end_at_pooler(*fault, begun.pause).await?,
        }
        Ok(begun.hits)
    }

    async fn end_at_server(&self, number: usize, fault: ServerFault) -> Result<()> {
        let instance = &self.ground.instance;
        match fault {
            ServerFault::Restart(_) => server::start(instance).await,
            ServerFault::Freeze => instance.thaw().await,
            ServerFault::TerminateAll | ServerFault::TerminateOne => Ok(()),
            ServerFault::Reload => {
                let _turn = self.turns.of(&Fault::Server(fault)).await;
                server::report_as_before(instance, number).await
            }
        }
    }

    async fn end_at_pooler(
        &self,
        fault: PoolerFault,
        pause: Option<JoinHandle<Result<(), Failure>>>,
    ) -> Result<()> {
        let ground = &self.ground;
        if matches!(fault, PoolerFault::Kill | PoolerFault::Drain) {
            return ground.start_pooler().await;
        }
        let told = match pause {
            Some(pause) => pooler::give_up(pause).await,
            None => Ok(()),
        };
        // Another fault has taken the pooler down: the next one has the right file, and no pause.
        let Some(_turn) = self.turns.at_once() else {
            return Ok(());
        };
        match fault {
            PoolerFault::ReloadChanged | PoolerFault::ReloadBroken => pooler::repair(ground).await,
            PoolerFault::Pause => pooler::resume(ground).await.and(told),
            _ => Ok(()),
        }
    }
}
