//! Carries a connection: one task, both lines.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::ending;
use super::events::What;
use super::faults::Faults;
use super::line::{Line, Turn};
use super::shared::Shared;
use super::stage::earlier;
use super::wire::Wire;
use crate::toxic::{Kind, Stream};

/// Both TLS handshakes have to be over by then.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Carries a connection until both sides have finished, a toxic ends it, or `stop` is cancelled,
/// which closes it at once.
///
/// # Cancel safety
/// Dropped, it closes both sides.
pub async fn carry(
    faults: &Arc<Faults>,
    client: impl Wire + 'static,
    server: impl Wire + 'static,
    connection: Connection,
    stop: CancellationToken,
) {
    let number = connection.number;
    let opened = What::Opened {
        client: connection.client.clone(),
    };
    faults.events.push(Instant::now(), number, opened);
    let _closed = Closed(faults, number);
    let (client, server) = (Box::new(client), Box::new(server));
    let carrier = Carrier::new(Arc::clone(faults), client, server, connection);
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = carrier.run() => {}
    }
}

/// Tells the end of a connection, however it comes.
struct Closed<'a>(&'a Faults, u64);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.events.push(Instant::now(), self.1, What::Closed);
    }
}

struct Carrier {
    client: Box<dyn Wire>,
    server: Box<dyn Wire>,
    up: Line,
    down: Line,
    shared: Shared,
}

/// What a connection has come to.
enum Step {
    Done,
    Turn(Turn),
}

impl Carrier {
    fn new(
        faults: Arc<Faults>,
        client: Box<dyn Wire>,
        server: Box<dyn Wire>,
        connection: Connection,
    ) -> Self {
        Self {
            client,
            server,
            up: Line::new(Stream::Upstream),
            down: Line::new(Stream::Downstream),
            shared: Shared::new(faults, connection),
        }
    }

    async fn run(mut self) {
        let mut changes = self.shared.faults.subscribe();
        let mut sleep = pin!(sleep_until(Instant::now()));
        loop {
            // Marked as seen before the toxics are read, so that none is missed.
            changes.borrow_and_update();
            if !self.refit() {
                return ending::close(self.client, self.server).await;
            }
            let step = tokio::select! {
                biased;
                // The sender lives as long as the toxics, and these are held here.
                _ = changes.changed() => continue,
                step = poll_fn(|cx| self.poll(cx, sleep.as_mut())) => step,
            };
            match step {
                Step::Done => return,
                Step::Turn(Turn::Close) => return ending::close(self.client, self.server).await,
                Step::Turn(Turn::Reset) => return ending::reset(self.client, self.server),
                Step::Turn(Turn::Upgrade) => match self.upgrade().await {
                    Some(upgraded) => self = upgraded,
                    None => return,
                },
            }
        }
    }

    /// Takes over the toxics as they are now; false when the connection is to be closed for it.
    fn refit(&mut self) -> bool {
        let toxics = self.shared.faults.snapshot();
        let asks_sql = |kind: &Kind| match kind {
            Kind::Protocol(protocol) => protocol.point.sql.is_some(),
            Kind::Standard(_) => false,
        };
        self.shared.wants_sql = toxics.iter().any(|other| asks_sql(&other.toxic.kind));
        let blackhole = self.shared.blackhole;
        if blackhole.is_some_and(|number| toxics.iter().all(|other| other.number != number)) {
            return false;
        }
        let now = Instant::now();
        let up = self.up.refit(&self.shared, &toxics, now);
        let down = self.down.refit(&self.shared, &toxics, now);
        up.is_ok() && down.is_ok()
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<Step> {
        loop {
            let (client, server) = (&mut *self.client, &mut *self.server);
            // Upstream first: what it tells the client goes down in the same round.
            let up = self.up.drive(cx, &mut self.shared, client, server);
            let down = self.down.drive(cx, &mut self.shared, server, client);
            if let Some(turn) = up.or(down) {
                return Poll::Ready(Step::Turn(turn));
            }
            if self.is_over() {
                return Poll::Ready(Step::Done);
            }
            let Some(wake) = earlier(self.up.wake, self.down.wake) else {
                return Poll::Pending;
            };
            sleep.as_mut().reset(wake);
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn is_over(&self) -> bool {
        let both_shut = self.up.shut && self.down.shut;
        let both_gone = self.up.source.has_ended() && self.down.source.has_ended();
        both_shut || (self.shared.blackhole.is_some() && both_gone)
    }

    /// Ends TLS here from now on; `None` when a handshake failed, which closes both sides.
    async fn upgrade(mut self) -> Option<Self> {
        let identity = self.shared.connection.tls.clone()?;
        let early = self.up.take_unread();
        let handshakes = identity.stand_between(self.client, early, self.server);
        let (client, server) = timeout(HANDSHAKE, handshakes).await.ok()?.ok()?;
        self.shared.upgrading = false;
        self.shared.talk.encrypted();
        Some(Self {
            client,
            server,
            ..self
        })
    }
}
