//! What happened on a proxy's connections, newest last, as far back as there is room.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::toxic::Stream;

/// So many events are kept; the oldest go first.
const KEPT: usize = 10_000;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts from 1 within its proxy, without gaps.
    pub number: u64,
    /// Seconds since 1970.
    pub time: f64,
    /// The connection's number within its proxy, from 1.
    pub connection: u64,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A client came; its address, where there is one.
    Opened {
        client: Option<String>,
    },
    /// A protocol message came by.
    Message {
        stream: Stream,
        /// Its name in PostgreSQL's protocol chapter, such as `AuthenticationSASLContinue`.
        message: &'static str,
        /// The toxics that fired at it, by name.
        toxics: Vec<String>,
    },
    Closed,
}

/// The events of one proxy.
#[derive(Debug)]
pub(super) struct Events {
    /// The wall clock and the runtime's at the same moment: times go by the latter.
    began: (f64, Instant),
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    events: VecDeque<Event>,
}

impl Events {
    pub(super) fn new(now: Instant) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall = since_1970.map_or(0.0, |elapsed| elapsed.as_secs_f64());
        Self {
            began: (wall, now),
            kept: Mutex::default(),
        }
    }

    pub(super) fn push(&self, now: Instant, connection: u64, what: What) {
        let (wall, began) = self.began;
        let time = wall + now.saturating_duration_since(began).as_secs_f64();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let event = Event {
            number: kept.last,
            time,
            connection,
            what,
        };
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(event);
    }

    pub(super) fn after(&self, number: u64) -> Vec<Event> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let events = kept.events.iter().filter(|event| event.number > number);
        events.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_counted_without_gaps() {
        let events = Events::new(Instant::now());
        for n in 0..=KEPT as u64 {
            events.push(Instant::now(), n, What::Closed);
        }
        let all = events.after(0);
        assert_eq!((all.len(), all[0].number), (KEPT, 2));
        assert_eq!(events.after(KEPT as u64).len(), 1);
        assert!(all[0].time > 1e9);
    }
}
