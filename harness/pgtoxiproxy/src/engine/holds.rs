//! Named barriers: who waits at them, and the way on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::toxic::Stream;

/// A connection that waits at a `pg_hold`.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The hold's name.
    pub name: String,
    /// The toxic that holds it.
    pub toxic: String,
    pub connection: u64,
    pub stream: Stream,
    /// The message it waits at.
    pub message: &'static str,
    /// The role that the connection is for, once its StartupMessage is known.
    pub user: Option<String>,
    pub database: Option<String>,
    /// How long it has waited, in seconds.
    pub seconds: f64,
}

/// All who wait on one proxy, by the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_ticket: BTreeMap<u64, Waiter>,
}

#[derive(Debug)]
struct Waiter {
    held: Held,
    since: Instant,
}

/// A place at a hold; its drop gives it up.
#[derive(Debug)]
pub(super) struct Ticket {
    number: u64,
    holds: Arc<Holds>,
}

impl Holds {
    pub(super) fn wait(self: &Arc<Self>, held: Held, now: Instant) -> Ticket {
        self.with(|waiting| {
            let number = waiting.next;
            waiting.next += 1;
            let waiter = Waiter { held, since: now };
            waiting.by_ticket.insert(number, waiter);
            Ticket {
                number,
                holds: Arc::clone(self),
            }
        })
    }

    pub(super) fn list(&self, now: Instant) -> Vec<Held> {
        self.with(|waiting| {
            let waiters = waiting.by_ticket.values();
            let held = |waiter: &Waiter| Held {
                seconds: now.saturating_duration_since(waiter.since).as_secs_f64(),
                ..waiter.held.clone()
            };
            waiters.map(held).collect()
        })
    }

    /// Lets the first `count` at holds of which this is true go on; how many there were.
    pub(super) fn release(&self, count: usize, which: impl Fn(&Held) -> bool) -> usize {
        self.with(|waiting| {
            let meant = waiting.by_ticket.iter().filter(|(_, w)| which(&w.held));
            let numbers: Vec<u64> = meant.map(|(number, _)| *number).take(count).collect();
            for number in &numbers {
                waiting.by_ticket.remove(number);
            }
            numbers.len()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Waiting) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ticket {
    pub(super) fn is_released(&self) -> bool {
        self.holds
            .with(|waiting| !waiting.by_ticket.contains_key(&self.number))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.holds
            .with(|waiting| waiting.by_ticket.remove(&self.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(name: &str, connection: u64) -> Held {
        Held {
            name: name.to_owned(),
            toxic: "t".to_owned(),
            connection,
            stream: Stream::Downstream,
            message: "ReadyForQuery",
            user: None,
            database: None,
            seconds: 0.0,
        }
    }

    #[test]
    fn the_first_come_are_the_first_released() {
        let holds = Arc::new(Holds::default());
        let now = Instant::now();
        let tickets: Vec<Ticket> = (1..=3).map(|n| holds.wait(held("a", n), now)).collect();
        let other = holds.wait(held("b", 4), now);
        assert_eq!(holds.release(2, |held| held.name == "a"), 2);
        let released: Vec<bool> = tickets.iter().map(Ticket::is_released).collect();
        assert_eq!(released, [true, true, false]);
        assert!(!other.is_released());
        let left: Vec<u64> = holds.list(now).iter().map(|held| held.connection).collect();
        assert_eq!(left, [3, 4]);
    }

    #[test]
    fn who_leaves_no_longer_waits() {
        let holds = Arc::new(Holds::default());
        let ticket = holds.wait(held("a", 1), Instant::now());
        assert_eq!(holds.list(Instant::now()).len(), 1);
        drop(ticket);
        assert!(holds.list(Instant::now()).is_empty());
        assert_eq!(holds.release(usize::MAX, |_| true), 0);
    }
}
