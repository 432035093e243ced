//! A login at the probe: waiting for it, holding it, giving its verdict.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::entry::PoolState;
use super::handle::Handle;
use super::probe::{Answer, Look};
use super::state::State;
use super::sync::Arc;

/// What a login does next.
pub enum ProbeTurn<P: PoolState> {
    /// This login opens the pool's first server connection, with its own keys.
    Probe(ProbeToken<P>),
    Answered(Outcome<P::Failure>),
}

/// What became of somebody else's probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<F> {
    /// The pool works: commit.
    Ready,
    /// The probe failed, and so does this login.
    Failed(F),
    /// The entry was dropped: start over.
    Superseded,
}

/// See [`PoolInitGuard::probe`](super::init_guard::PoolInitGuard::probe).
#[must_use = "futures do nothing unless awaited"]
pub struct Probing<'g, P: PoolState> {
    handle: &'g Handle<P>,
    epoch: P::Epoch,
    /// The seat among the joiners.
    ticket: Option<u64>,
}

enum Step<F> {
    Claimed(u64),
    /// Waits at this seat; the waker of the previous poll is dropped outside the lock.
    Seated(u64, Option<Waker>),
    Told(Outcome<F>),
}

impl<'g, P: PoolState> Probing<'g, P> {
    pub(super) fn new(handle: &'g Handle<P>, epoch: P::Epoch) -> Self {
        Self {
            handle,
            epoch,
            ticket: None,
        }
    }

    /// The first poll: claims the probe or takes a seat.
    fn ask(&self, state: &mut State<P>, waker: Waker) -> Step<Arc<P::Failure>> {
        let ticket = state.number();
        let Some(entry) = self.handle.entry(state) else {
            return Step::Told(Outcome::Superseded);
        };
        if entry.is_complete() {
            return Step::Told(Outcome::Ready);
        }
        if entry.probe.claim(ticket) {
            return Step::Claimed(ticket);
        }
        entry.probe.join(ticket, self.epoch, waker);
        state.counters(&self.handle.key).joined += 1;
        Step::Seated(ticket, None)
    }

    /// A later poll: looks for the answer at the seat.
    fn look(&self, state: &mut State<P>, ticket: u64, waker: Waker) -> Step<Arc<P::Failure>> {
        let Some(entry) = self.handle.entry(state) else {
            return Step::Told(Outcome::Superseded);
        };
        match entry.probe.look(ticket, waker) {
            Look::Wait(old) => Step::Seated(ticket, old),
            Look::Answer(Answer::YourTurn) => Step::Claimed(ticket),
            Look::Answer(Answer::Ready) => Step::Told(Outcome::Ready),
            Look::Answer(Answer::Failed(failure)) => Step::Told(Outcome::Failed(failure)),
        }
    }
}

/// Nothing in it is ever pinned.
impl<P: PoolState> Unpin for Probing<'_, P> {}

impl<P: PoolState> Future for Probing<'_, P> {
    type Output = ProbeTurn<P>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ProbeTurn<P>> {
        let this = self.get_mut();
        let waker = cx.waker().clone();
        let step = this.handle.shared.with(|state, _| match this.ticket {
            None => this.ask(state, waker),
            Some(ticket) => this.look(state, ticket, waker),
        });
        this.ticket = None;
        let turn = match step {
            Step::Seated(ticket, _old) => {
                this.ticket = Some(ticket);
                return Poll::Pending;
            }
            Step::Claimed(ticket) => ProbeTurn::Probe(ProbeToken {
                handle: this.handle.clone(),
                epoch: this.epoch,
                ticket,
                settled: false,
            }),
            Step::Told(outcome) => ProbeTurn::Answered(outcome.cloned()),
        };
        Poll::Ready(turn)
    }
}

impl<P: PoolState> Drop for Probing<'_, P> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        // What the seat held is returned so that it is dropped outside the lock.
        let _seat = self.handle.shared.with(|state, after| {
            let entry = self.handle.entry(state)?;
            let seat = entry.probe.leave(ticket);
            if entry.probe.abandoned(ticket, &mut after.wake) {
                state.counters(&self.handle.key).handed_on += 1;
            }
            seat
        });
    }
}

/// The right and the duty to open the first server connection of a pool.
///
/// Success is told by [`PoolInitGuard::commit`](super::init_guard::PoolInitGuard::commit). Dropped
/// without a verdict (the client vanished, the task panicked) the probe goes to the next joiner.
/// Once its entry is committed, or gone, a token has no say any more.
#[must_use = "dropped, it hands the probe to the next"]
pub struct ProbeToken<P: PoolState> {
    handle: Handle<P>,
    epoch: P::Epoch,
    ticket: u64,
    settled: bool,
}

impl<P: PoolState> ProbeToken<P> {
    /// The server is unreachable, too slow, or refuses: all who wait are told the same at once.
    /// The next login tries again.
    pub fn failed_server(mut self, failure: P::Failure) {
        self.settled = true;
        let failure = Arc::new(failure);
        self.handle.shared.with(|state, after| {
            let Some(entry) = self.handle.entry(state) else {
                return;
            };
            let wake = &mut after.wake;
            let told = entry.probe.server_failed(self.ticket, &failure, wake);
            state.counters(&self.handle.key).joiners_failed += told as u64;
        });
    }

    /// PostgreSQL refused this login's keys: joiners with the same are told the same, the next one
    /// with others probes.
    pub fn keys_refused(mut self, failure: P::Failure) {
        self.settled = true;
        let failure = Arc::new(failure);
        self.handle.shared.with(|state, after| {
            let Some(entry) = self.handle.entry(state) else {
                return;
            };
            let (probe, wake) = (&mut entry.probe, &mut after.wake);
            let (told, handed) = probe.keys_refused(self.ticket, self.epoch, &failure, wake);
            let counters = state.counters(&self.handle.key);
            counters.joiners_failed += told as u64;
            counters.handed_on += u64::from(handed);
        });
    }
}

impl<P: PoolState> Drop for ProbeToken<P> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.handle.shared.with(|state, after| {
            let Some(entry) = self.handle.entry(state) else {
                return;
            };
            if entry.probe.abandoned(self.ticket, &mut after.wake) {
                state.counters(&self.handle.key).handed_on += 1;
            }
        });
    }
}

impl<F: Clone> Outcome<Arc<F>> {
    fn cloned(self) -> Outcome<F> {
        match self {
            Self::Ready => Outcome::Ready,
            Self::Failed(failure) => Outcome::Failed(F::clone(&failure)),
            Self::Superseded => Outcome::Superseded,
        }
    }
}
