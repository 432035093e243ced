//! The toxics of one proxy: shared by its connections, changed by the API.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::dice::Dice;
use super::events::{Event, Events};
use super::holds::{Held, Holds};
use crate::toxic::{Stream, Toxic};

/// The toxics of a proxy, its holds and its events. Every change reaches its connections at once.
#[derive(Debug)]
pub struct Faults {
    proxy: String,
    seed: u64,
    set: Mutex<Set>,
    /// Moves when connections have to look: toxics changed, a hold was released.
    changes: watch::Sender<u64>,
    pub(super) holds: Arc<Holds>,
    pub(super) events: Events,
}

#[derive(Debug, Default)]
struct Set {
    created: u64,
    toxics: Snapshot,
}

/// The toxics as they are at one moment, in the order of their creation.
pub(super) type Snapshot = Arc<Vec<Numbered>>;

/// A toxic and its number: one more than the one that was created before it, and kept by changes.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) toxic: Arc<Toxic>,
}

/// A toxic of that name is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("toxic already exists")]
pub struct Taken;

impl Faults {
    /// No toxics yet. `proxy` and `seed` decide every random throw.
    pub fn new(proxy: &str, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            proxy: proxy.to_owned(),
            seed,
            set: Mutex::default(),
            changes: watch::Sender::new(0),
            holds: Arc::default(),
            events: Events::new(Instant::now()),
        })
    }

    /// All toxics, upstream first, each stream in the order of creation.
    pub fn toxics(&self) -> Vec<Arc<Toxic>> {
        let snapshot = self.snapshot();
        let of = |stream: Stream| {
            let toxics = snapshot.iter().map(|numbered| &numbered.toxic);
            toxics.filter(move |toxic| toxic.stream == stream)
        };
        of(Stream::Upstream)
            .chain(of(Stream::Downstream))
            .cloned()
            .collect()
    }

    pub fn toxic(&self, name: &str) -> Option<Arc<Toxic>> {
        let snapshot = self.snapshot();
        let mut toxics = snapshot.iter().map(|numbered| &numbered.toxic);
        toxics.find(|toxic| toxic.name == name).cloned()
    }

    pub fn add(&self, toxic: Toxic) -> Result<Arc<Toxic>, Taken> {
        let toxic = Arc::new(toxic);
        let added = self.edit(|created, toxics| {
            if toxics.iter().any(|other| other.toxic.name == toxic.name) {
                return false;
            }
            *created += 1;
            toxics.push(Numbered {
                number: *created,
                toxic: Arc::clone(&toxic),
            });
            true
        });
        if added { Ok(toxic) } else { Err(Taken) }
    }

    /// Puts a changed toxic (made from the present one by a clone) into its place; false when it is
    /// no longer there.
    pub fn change(&self, toxic: Toxic) -> bool {
        let toxic = Arc::new(toxic);
        self.edit(|_, toxics| {
            let place = toxics
                .iter_mut()
                .find(|other| other.toxic.name == toxic.name);
            place
                .map(|place| place.toxic = Arc::clone(&toxic))
                .is_some()
        })
    }

    /// Whether it was there. Who waited at its hold goes on.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.edit(|_, toxics| {
            let before = toxics.len();
            toxics.retain(|other| other.toxic.name != name);
            toxics.len() != before
        });
        if removed {
            self.holds.release(usize::MAX, |held| held.toxic == name);
            self.announce();
        }
        removed
    }

    pub fn clear(&self) {
        self.edit(|_, toxics| {
            toxics.clear();
            true
        });
        self.holds.release(usize::MAX, |_| true);
        self.announce();
    }

    /// Who waits at holds, the longest first.
    pub fn holds(&self) -> Vec<Held> {
        self.holds.list(Instant::now())
    }

    /// Lets the first `count` who wait at this name go on (`None` = all who wait now); how many.
    pub fn release(&self, name: &str, count: Option<usize>) -> usize {
        let count = count.unwrap_or(usize::MAX);
        let released = self.holds.release(count, |held| held.name == name);
        self.announce();
        released
    }

    /// What happened after event number `after` (0 = all that is still kept).
    pub fn events(&self, after: u64) -> Vec<Event> {
        self.events.after(after)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Arc::clone(&self.lock().toxics)
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The dice of a toxic on a connection, the first throw of which is its toxicity's.
    pub(super) fn dice(&self, toxic: &Toxic, connection: u64) -> Dice {
        Dice::new(self.seed, &[&self.proxy, &toxic.name], connection)
    }

    fn edit(&self, act: impl FnOnce(&mut u64, &mut Vec<Numbered>) -> bool) -> bool {
        let edited = {
            let mut set = self.lock();
            let mut toxics = (*set.toxics).clone();
            let edited = act(&mut set.created, &mut toxics);
            if edited {
                set.toxics = Arc::new(toxics);
            }
            edited
        };
        if edited {
            self.announce();
        }
        edited
    }

    fn announce(&self) {
        self.changes
            .send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toxic::{Kind, Standard};

    fn noop(name: &str, stream: Stream) -> Toxic {
        Toxic::new(name, stream, 1.0, Kind::Standard(Standard::Noop))
    }

    #[test]
    fn names_are_unique_over_both_streams_and_upstream_comes_first() {
        let faults = Faults::new("p", 1);
        faults.add(noop("a", Stream::Downstream)).unwrap();
        faults.add(noop("b", Stream::Upstream)).unwrap();
        assert_eq!(faults.add(noop("a", Stream::Upstream)).unwrap_err(), Taken);
        let names: Vec<String> = faults.toxics().iter().map(|t| t.name.clone()).collect();
        assert_eq!(names, ["b", "a"]);
        assert!(faults.remove("a") && !faults.remove("a"));
        assert!(!faults.change(noop("a", Stream::Upstream)));
    }

    #[test]
    fn a_change_keeps_the_number_and_the_hits() {
        let faults = Faults::new("p", 1);
        let toxic = faults.add(noop("a", Stream::Upstream)).unwrap();
        let mut changed = Toxic::clone(&toxic);
        changed.toxicity = 0.5;
        assert!(faults.change(changed));
        toxic.hit(0);
        let now = faults.toxic("a").unwrap();
        assert_eq!(now.hits(), 1);
        assert!((now.toxicity - 0.5).abs() < f32::EPSILON);
        assert_eq!(faults.snapshot()[0].number, 1);
    }
}
