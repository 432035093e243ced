//! The faults that are there right now, in words.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A shared list; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Current(Arc<Mutex<BTreeMap<usize, String>>>);

/// A fault's place in the list; its drop is the fault's end.
#[derive(Debug)]
pub(super) struct Entry {
    number: usize,
    words: String,
    list: Current,
}

impl Current {
    /// In the order of the schedule.
    pub fn words(&self) -> Vec<String> {
        self.list().values().cloned().collect()
    }

    /// A fault that begins: a server takes its time to stop.
    pub(super) fn enter(&self, number: usize, words: String) -> Entry {
        self.list().insert(number, format!("{words} (begins)"));
        let list = self.clone();
        Entry {
            number,
            words,
            list,
        }
    }

    fn list(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// From now on it is there.
    pub(super) fn has_begun(&self) {
        self.list.list().insert(self.number, self.words.clone());
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.list.list().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_listed_until_its_entry_is_dropped() {
        let current = Current::default();
        let second = current.enter(2, "pooler: kill".to_owned());
        let first = current.enter(1, "clients: reset".to_owned());
        second.has_begun();
        assert_eq!(current.words(), ["clients: reset (begins)", "pooler: kill"]);
        drop(first);
        assert_eq!(current.words(), ["pooler: kill"]);
        drop(second);
        assert!(current.words().is_empty());
    }
}
