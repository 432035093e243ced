//! What one scenario holds: the scene (PostgreSQL, pooler, names), the clients, a few notes.

use std::collections::BTreeMap;

use cucumber::World;
use harness::client::{Failure, Message, Session, Trace};
use harness::ledger::Ledger;
use tokio::task::JoinHandle;

use crate::scene::Scene;
use crate::steps::chaos::Chaos;
use crate::surprise::{Step, Surprise};
use crate::words::ClientName;

/// The World of every step.
#[derive(Debug, Default, World)]
pub struct Turnstile {
    scene: Option<Scene>,
    clients: BTreeMap<ClientName, Session>,
    /// Logins under way.
    pub arriving: BTreeMap<ClientName, JoinHandle<Result<Session, Failure>>>,
    /// The logins of a crowd that came at once.
    pub crowd: Vec<Result<Session, Failure>>,
    /// Values that a scenario wants to compare later, by name.
    pub notes: BTreeMap<String, String>,
    /// Logins that were watched message by message.
    pub transcripts: BTreeMap<ClientName, Vec<Message>>,
    /// What clients asked, and what they got for it.
    pub ledger: Ledger,
    /// What is asked for in the way of chaos, and how it ended.
    pub chaos: Chaos,
    pub trace: Trace,
}

impl Turnstile {
    /// The before hook sets the scene; steps use it.
    pub fn set(&mut self, scene: Scene) {
        self.scene = Some(scene);
    }

    pub fn scene(&mut self) -> Step<&mut Scene> {
        self.scene
            .as_mut()
            .ok_or_else(|| Surprise::new("no scene is set"))
    }

    /// Takes the scene away, for the after hook.
    pub fn take_scene(&mut self) -> Option<Scene> {
        self.scene.take()
    }

    pub fn client(&mut self, name: &ClientName) -> Step<&mut Session> {
        self.clients
            .get_mut(name)
            .ok_or_else(|| Surprise::new(format!("{name} is not connected")))
    }

    /// Takes a client away, to let it go in its own way.
    pub fn take_client(&mut self, name: &ClientName) -> Step<Session> {
        self.clients
            .remove(name)
            .ok_or_else(|| Surprise::new(format!("{name} is not connected")))
    }

    pub fn enter(&mut self, name: ClientName, session: Session) {
        self.clients.insert(name, session);
    }

    /// Takes the scenario's suffixes off a text, so that features read plain names.
    pub fn tidy(&self, text: &str) -> String {
        self.scene
            .as_ref()
            .map_or_else(|| text.to_owned(), |scene| scene.names.tidy(text))
    }

    /// Closes every client that is still there.
    pub async fn empty(&mut self) {
        for login in std::mem::take(&mut self.arriving).into_values() {
            login.abort();
        }
        for session in std::mem::take(&mut self.clients).into_values() {
            session.leave().await;
        }
        for session in std::mem::take(&mut self.crowd).into_iter().flatten() {
            session.leave().await;
        }
    }
}
