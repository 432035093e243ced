//! Who probes a pool that has no committed login yet, and who waits for that: a plain state
//! machine, always used under the registry's lock.
//!
//! ```text
//!           claim                        joiner claims its turn
//!   idle ──────────▶ probing(ticket) ◀────────────────┐
//!    ▲                 │   │   │                      │
//!    │ server failed:  │   │   └─ abandoned ──────────┤  first waiting joiner
//!    │ all are told    │   └───── keys refused ───────┘  of another epoch; its own are told
//!    └─────────────────┘          (nobody left: idle)
//!                completed: all are told, and nobody probes again
//! ```
//!
//! Tickets rise, so the map's order is the order of arrival. A ticket that is not the prober's has
//! no say: a late verdict changes nothing.

use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;

/// The probe of one entry. `F` is what a failed probe tells (cloned under the lock, so a counted
/// reference), `E` names a set of keys.
pub(super) struct Probe<F, E> {
    prober: Option<u64>,
    seats: BTreeMap<u64, Seat<F, E>>,
}

/// A joiner's place. It stays, answered, until the joiner fetches the answer or leaves.
pub(super) enum Seat<F, E> {
    Waiting { epoch: E, waker: Waker },
    Answered(Answer<F>),
}

/// What a joiner is told.
pub(super) enum Answer<F> {
    YourTurn,
    Ready,
    Failed(F),
}

/// What a joiner finds at its seat.
pub(super) enum Look<F> {
    Answer(Answer<F>),
    /// Keep waiting; the waker of the previous look, to be dropped outside the lock.
    Wait(Option<Waker>),
}

impl<F: Clone, E: Copy + Eq> Probe<F, E> {
    pub(super) fn new() -> Self {
        Self {
            prober: None,
            seats: BTreeMap::new(),
        }
    }

    /// Makes `ticket` the prober if there is none.
    pub(super) fn claim(&mut self, ticket: u64) -> bool {
        let free = self.prober.is_none();
        if free {
            self.prober = Some(ticket);
        }
        free
    }

    pub(super) fn join(&mut self, ticket: u64, epoch: E, waker: Waker) {
        self.seats.insert(ticket, Seat::Waiting { epoch, waker });
    }

    /// Fetches the answer, or leaves `waker` to be woken when there is one.
    pub(super) fn look(&mut self, ticket: u64, waker: Waker) -> Look<F> {
        match self.seats.remove(&ticket) {
            Some(Seat::Answered(answer)) => Look::Answer(answer),
            Some(Seat::Waiting { epoch, waker: old }) => {
                self.join(ticket, epoch, waker);
                Look::Wait(Some(old))
            }
            None => Look::Wait(None),
        }
    }

    /// Takes a joiner off the list. Was it just handed the probe, the probe goes on to the next:
    /// call [`Self::abandoned`] with the same ticket.
    pub(super) fn leave(&mut self, ticket: u64) -> Option<Seat<F, E>> {
        self.seats.remove(&ticket)
    }

    /// The prober went without a verdict. The next joiner probes, with its own keys; whether there
    /// was one.
    pub(super) fn abandoned(&mut self, ticket: u64, wake: &mut Vec<Waker>) -> bool {
        self.prober == Some(ticket) && self.hand_on(wake)
    }

    /// The server failed: all who wait are told at once. Returns how many.
    pub(super) fn server_failed(
        &mut self,
        ticket: u64,
        failure: &F,
        wake: &mut Vec<Waker>,
    ) -> usize {
        if self.prober != Some(ticket) {
            return 0;
        }
        self.prober = None;
        self.tell(wake, |_| true, || Answer::Failed(failure.clone()))
    }

    /// PostgreSQL refused these keys: those who brought the same are told, the next of the others
    /// probes. Returns how many were told, and whether another probes.
    pub(super) fn keys_refused(
        &mut self,
        ticket: u64,
        refused: E,
        failure: &F,
        wake: &mut Vec<Waker>,
    ) -> (usize, bool) {
        if self.prober != Some(ticket) {
            return (0, false);
        }
        let told = self.tell(
            wake,
            |epoch| epoch == refused,
            || Answer::Failed(failure.clone()),
        );
        (told, self.hand_on(wake))
    }

    /// A login committed: nobody has to probe any more, also not who was just handed the probe.
    pub(super) fn completed(&mut self, wake: &mut Vec<Waker>) {
        self.prober = None;
        for seat in self.seats.values_mut() {
            if let Seat::Answered(answer @ Answer::YourTurn) = seat {
                *answer = Answer::Ready;
            }
        }
        self.tell(wake, |_| true, || Answer::Ready);
    }

    /// The entry is gone: everybody has to look again.
    pub(super) fn dissolve(&mut self, wake: &mut Vec<Waker>) {
        let seats = mem::take(&mut self.seats).into_values();
        wake.extend(seats.filter_map(|seat| match seat {
            Seat::Waiting { waker, .. } => Some(waker),
            Seat::Answered(_) => None,
        }));
    }

    /// How many logins sit here, answered ones that have not looked yet included.
    pub(super) fn joiners(&self) -> usize {
        self.seats.len()
    }

    fn hand_on(&mut self, wake: &mut Vec<Waker>) -> bool {
        let next = self
            .seats
            .iter()
            .find_map(|(ticket, seat)| matches!(seat, Seat::Waiting { .. }).then_some(*ticket));
        self.prober = next;
        if let Some(seat) = next.and_then(|ticket| self.seats.get_mut(&ticket)) {
            answer(seat, Answer::YourTurn, wake);
        }
        next.is_some()
    }

    fn tell(
        &mut self,
        wake: &mut Vec<Waker>,
        whom: impl Fn(E) -> bool,
        what: impl Fn() -> Answer<F>,
    ) -> usize {
        let before = wake.len();
        for seat in self.seats.values_mut() {
            if matches!(seat, Seat::Waiting { epoch, .. } if whom(*epoch)) {
                answer(seat, what(), wake);
            }
        }
        wake.len() - before
    }
}

fn answer<F, E>(seat: &mut Seat<F, E>, what: Answer<F>, wake: &mut Vec<Waker>) {
    if let Seat::Waiting { waker, .. } = mem::replace(seat, Seat::Answered(what)) {
        wake.push(waker);
    }
}
