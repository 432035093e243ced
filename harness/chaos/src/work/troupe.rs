//! All clients of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::cast::cast;
use super::client;
use super::desk::Desk;
use super::tally::Counts;
use crate::ground::Ground;
use crate::history::Recorder;
use crate::plan::Order;

/// Clients at work, each a task of its own. Dropping it ends them where they stand.
#[derive(Debug)]
pub struct Troupe {
    desk: Arc<Desk>,
    clients: JoinSet<()>,
}

impl Troupe {
    /// Starts as many as were ordered, in the current runtime. What each of them does follows from
    /// the seed and from how it fares.
    pub fn begin(ground: Arc<Ground>, recorder: Recorder, order: &Order) -> Self {
        let desk = Arc::new(Desk::new(ground, recorder, order.seed));
        let mut clients = JoinSet::new();
        for role in cast(order) {
            clients.spawn(client::play(Arc::clone(&desk), role));
        }
        Self { desk, clients }
    }

    /// From now on they only do what succeeds on a healthy system. Each logs in anew with the right
    /// password, and does every kind of work that its connection can do before it repeats one.
    pub fn calm(&self) {
        self.desk.be_calm();
    }

    /// Lets each finish its request and leave politely. Who has not gone within the limit is pushed
    /// out: its request counts as abandoned, its session as left in action.
    pub async fn leave(mut self, limit: Duration) {
        self.desk.closing.cancel();
        let all_gone = async { while self.clients.join_next().await.is_some() {} };
        if timeout(limit, all_gone).await.is_err() {
            self.clients.shutdown().await;
        }
    }

    /// How it goes, at no cost.
    pub fn counts(&self) -> Counts {
        self.desk.tally.counts()
    }
}
