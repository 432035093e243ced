//! Answers of earlier look-ups, and when they are too old.
//!
//! Pure: the time is given. Three ages matter. An answer younger than its time to live is used as
//! it is. A wrong password makes an answer doubtful, and the next look-up asks again; but not more
//! often than once in `min_interval` for one user, or a guesser could keep PostgreSQL busy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::verifier::UserSecret;

/// Users remembered at once. An attacker can ask for any number of names; a site with more real
/// users than this only looks them up more often.
const MAX_ENTRIES: usize = 20_000;

/// How long answers are good.
#[derive(Debug, Clone, Copy)]
pub struct Ages {
    /// `cache_ttl`, of a user that was found.
    pub found: Duration,
    /// `cache_failure_ttl`, of one that was not.
    pub unknown: Duration,
    /// `min_interval`, between two look-ups after wrong passwords.
    pub between_doubts: Duration,
}

/// The answers, by user.
#[derive(Debug)]
pub struct Cache {
    ages: Ages,
    entries: BTreeMap<String, Entry>,
    /// Fetches so far.
    fetches: u64,
}

#[derive(Debug)]
struct Entry {
    answer: Option<Arc<UserSecret>>,
    fetched: Instant,
    /// A wrong password spoke against it.
    doubtful: bool,
    /// When the last doubt was allowed to cause a look-up.
    doubted: Option<Instant>,
}

impl Cache {
    pub fn new(ages: Ages) -> Self {
        Self {
            ages,
            entries: BTreeMap::new(),
            fetches: 0,
        }
    }

    /// Users of whom something is remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An answer that is good enough for a login; `Some(None)` = there is no such user.
    pub fn fresh(&self, user: &str, now: Instant) -> Option<Option<Arc<UserSecret>>> {
        let entry = self.entries.get(user)?;
        let good = !entry.doubtful && entry.age(now) < self.ages.of(entry);
        good.then(|| entry.answer.clone())
    }

    /// The last answer, whatever its age.
    pub fn last(&self, user: &str) -> Option<Arc<UserSecret>> {
        self.entries.get(user)?.answer.clone()
    }

    /// Numbers a new answer and keeps it; gives it back as it is kept.
    pub fn store(
        &mut self,
        user: &str,
        found: Option<UserSecretParts>,
        now: Instant,
    ) -> Option<Arc<UserSecret>> {
        self.fetches += 1;
        let fetch = self.fetches;
        let answer =
            found.map(|parts| Arc::new(UserSecret::new(parts.secret, fetch, parts.parameters)));
        let doubted = self.entries.get(user).and_then(|entry| entry.doubted);
        if !self.entries.contains_key(user) {
            self.make_room(now);
        }
        let entry = Entry {
            answer: answer.clone(),
            fetched: now,
            doubtful: false,
            doubted,
        };
        self.entries.insert(user.to_owned(), entry);
        answer
    }

    /// A password was wrong by this answer. True = look it up again; false = that was done within
    /// `min_interval`, and the answer stands.
    pub fn doubt(&mut self, user: &str, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(user) else {
            return true;
        };
        let interval = self.ages.between_doubts;
        let recently = entry
            .doubted
            .is_some_and(|then| now.saturating_duration_since(then) < interval);
        if !recently {
            entry.doubtful = true;
            entry.doubted = Some(now);
        }
        !recently
    }

    /// Forgets what would not be used again.
    pub fn sweep(&mut self, now: Instant) {
        let ages = self.ages;
        self.entries.retain(|_, entry| {
            let good = entry.age(now) < ages.of(entry);
            let doubted = entry
                .doubted
                .is_some_and(|then| now.saturating_duration_since(then) < ages.between_doubts);
            good || doubted
        });
    }

    /// Before a new user is added: the stale go first, then those who do not exist, then the oldest.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < MAX_ENTRIES {
            return;
        }
        self.sweep(now);
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.retain(|_, entry| entry.answer.is_some());
        }
        if self.entries.len() >= MAX_ENTRIES {
            let mut ages: Vec<Instant> = self.entries.values().map(|e| e.fetched).collect();
            ages.sort_unstable();
            // Half of them at once, so that this is rare.
            let middle = ages[ages.len() / 2];
            self.entries.retain(|_, entry| entry.fetched > middle);
        }
    }
}

/// What a fetch found, before it has a number.
#[derive(Debug)]
pub struct UserSecretParts {
    pub secret: crate::auth::StoredSecret,
    pub parameters: Vec<(String, String)>,
}

impl Entry {
    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.fetched)
    }
}

impl Ages {
    fn of(&self, entry: &Entry) -> Duration {
        match entry.answer {
            Some(_) => self.found,
            None => self.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::StoredSecret;

    const SECOND: Duration = Duration::from_secs(1);

    fn cache() -> Cache {
        Cache::new(Ages {
            found: SECOND,
            unknown: 30 * SECOND,
            between_doubts: 5 * SECOND,
        })
    }

    fn found() -> UserSecretParts {
        UserSecretParts {
            secret: StoredSecret::parse("plain"),
            parameters: Vec::new(),
        }
    }

    #[test]
    fn answers_age_by_their_kind() {
        let (mut cache, start) = (cache(), Instant::now());
        assert!(cache.fresh("a", start).is_none());
        cache.store("a", Some(found()), start);
        cache.store("b", None, start);
        for (after, a, b) in [
            (0, true, true),
            (1, false, true),
            (29, false, true),
            (30, false, false),
        ] {
            let now = start + after * SECOND;
            assert_eq!(cache.fresh("a", now).is_some(), a, "{after} s");
            assert_eq!(cache.fresh("b", now).is_some(), b, "{after} s");
        }
        assert!(cache.last("a").is_some());
    }

    #[test]
    fn fetches_are_numbered_over_all_users() {
        let (mut cache, now) = (cache(), Instant::now());
        assert_eq!(cache.store("a", Some(found()), now).unwrap().fetch, 1);
        assert!(cache.store("b", None, now).is_none());
        let third = cache.store("a", Some(found()), now).unwrap();
        assert_eq!((third.fetch, third.epoch.fetch), (3, 3));
        assert_eq!(third.epoch.hash, third.secret.fingerprint());
    }

    #[test]
    fn a_doubt_causes_a_fetch_once_in_an_interval() {
        let (mut cache, start) = (cache(), Instant::now());
        cache.store("a", Some(found()), start);
        assert!(cache.doubt("a", start));
        assert!(cache.fresh("a", start).is_none(), "it is asked for again");
        cache.store("a", Some(found()), start);
        assert!(!cache.doubt("a", start + 4 * SECOND));
        cache.store("a", Some(found()), start + 4 * SECOND);
        assert!(
            cache.fresh("a", start + 4 * SECOND).is_some(),
            "the answer stands"
        );
        assert!(cache.doubt("a", start + 5 * SECOND));
    }

    #[test]
    fn without_an_interval_every_doubt_counts() {
        let mut cache = cache();
        cache.ages.between_doubts = Duration::ZERO;
        let now = Instant::now();
        cache.store("a", Some(found()), now);
        assert!(cache.doubt("a", now));
        assert!(cache.doubt("a", now));
    }

    #[test]
    fn a_sweep_forgets_what_is_stale() {
        let (mut cache, start) = (cache(), Instant::now());
        cache.store("a", Some(found()), start);
        cache.store("b", Some(found()), start);
        cache.doubt("b", start);
        cache.sweep(start + 2 * SECOND);
        assert_eq!(cache.len(), 1, "a doubt is remembered for its interval");
        cache.sweep(start + 5 * SECOND);
        assert!(cache.is_empty());
    }

    #[test]
    fn the_number_of_users_is_bounded_and_real_ones_stay_longer() {
        let (mut cache, start) = (cache(), Instant::now());
        cache.store("real", Some(found()), start);
        for n in 0..MAX_ENTRIES * 2 {
            cache.store(&format!("guess{n}"), None, start);
        }
        assert!(cache.len() <= MAX_ENTRIES);
        assert!(cache.fresh("real", start).is_some());
        for n in 0..MAX_ENTRIES * 2 {
            cache.store(&format!("user{n}"), Some(found()), start);
        }
        assert!(cache.len() <= MAX_ENTRIES);
    }
}
