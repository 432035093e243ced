//! In which states the pooler was at a moment: by the faults of then, and by the sample before.

use crate::history::{FaultSpan, History, Micros, Sample};
use crate::plan::{Fault, PoolerFault, ServerFault};

use super::state::{State, of_sample};

/// A sample that is older says nothing.
const FRESH: Micros = 600_000;
/// So long after its start a pooler is still starting: its pools are new.
const STARTS: Micros = 1_000_000;

/// Answers for moments that come in order.
pub(super) struct Moments<'a> {
    samples: &'a [(Micros, Sample)],
    /// The states that the last sample so far has shown, and when.
    seen: Option<(Micros, Vec<State>)>,
    /// What begins later, the next one last.
    spans: Vec<(Micros, Micros, State)>,
    open: Vec<(Micros, State)>,
}

impl<'a> Moments<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut spans: Vec<_> = history.faults.iter().filter_map(span).collect();
        spans.sort_by_key(|(from, ..)| std::cmp::Reverse(*from));
        Self {
            samples: &history.samples,
            seen: None,
            spans,
            open: Vec::new(),
        }
    }

    /// The states of this moment, each once; none when nothing is known of it.
    pub(super) fn at(&mut self, at: Micros) -> Vec<State> {
        while let Some((from, to, state)) = self.spans.pop_if(|(from, ..)| *from <= at) {
            debug_assert!(from <= to, "a fault ends after it began");
            self.open.push((to, state));
        }
        self.open.retain(|(to, _)| *to >= at);
        while let Some(((when, sample), rest)) = self.samples.split_first()
            && *when <= at
        {
            self.seen = Some((*when, of_sample(sample)));
            self.samples = rest;
        }
        let fresh = self.seen.iter().filter(|(when, _)| at - when <= FRESH);
        let seen = fresh.flat_map(|(_, states)| states.iter().copied());
        let mut states: Vec<State> = self.open.iter().map(|(_, state)| *state).collect();
        states.extend(seen);
        states.sort_unstable();
        states.dedup();
        states
    }
}

/// From when to when a fault puts the pooler into which state.
fn span(span: &FaultSpan) -> Option<(Micros, Micros, State)> {
    let state = match &span.fault {
        Fault::Pooler(fault) => match fault {
            PoolerFault::Pause => State::Paused,
            PoolerFault::Reload | PoolerFault::ReloadChanged | PoolerFault::ReloadBroken => {
                State::Reloading
            }
            PoolerFault::Kill | PoolerFault::Drain => State::Starting,
        },
        Fault::Server(ServerFault::Restart(_) | ServerFault::Freeze) => State::ServerAway,
        _ => return None,
    };
    let after = if state == State::Starting { STARTS } else { 0 };
    Some((span.from, span.to + after, state))
}
