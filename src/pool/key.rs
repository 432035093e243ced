//! What tells one pool from another.

use std::fmt;
// The text is shared, nothing is synchronised by it: a model checker need not see this one.
use std::sync::Arc;

/// Where a pool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A user of the configuration file.
    Static,
    /// A user found by `auth_query`, whose servers are opened as that user. The only collected kind.
    Dynamic,
    /// All users of an `auth_query` that names a `server_user`.
    Dedicated,
}

/// The name of a pool; clones share its text. It can be used again by a later pool, so nothing is
/// ever removed by it: removal goes by the identity number that the registry gives each entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolKey {
    /// The name that clients ask for.
    pub database: Arc<str>,
    /// The role that PostgreSQL sees.
    pub user: Arc<str>,
    pub origin: Origin,
}

impl PoolKey {
    pub fn new(database: &str, user: &str, origin: Origin) -> Self {
        Self {
            database: database.into(),
            user: user.into(),
            origin,
        }
    }

    pub fn dynamic(database: &str, user: &str) -> Self {
        Self::new(database, user, Origin::Dynamic)
    }

    pub fn is_dynamic(&self) -> bool {
        self.origin == Origin::Dynamic
    }
}

impl fmt::Display for PoolKey {
    /// `user@database`, each escaped: both can be a client's own text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, database) = (self.user.escape_default(), self.database.escape_default());
        write!(f, "{user}@{database}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_listed_by_database_then_user_then_origin() {
        let sorted = [
            PoolKey::new("a", "x", Origin::Static),
            PoolKey::dynamic("a", "x"),
            PoolKey::new("a", "x", Origin::Dedicated),
            PoolKey::new("a", "y", Origin::Static),
            PoolKey::new("b", "a", Origin::Static),
        ];
        assert!(sorted.is_sorted());
    }

    #[test]
    fn a_hostile_name_cannot_break_a_log_line() {
        assert_eq!(
            PoolKey::dynamic("d", "u\n\x1b").to_string(),
            "u\\n\\u{1b}@d"
        );
    }
}
