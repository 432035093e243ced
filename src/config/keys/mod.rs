//! Every key that a file may have: where it belongs, and what becomes of it here.
//!
//! The names are those of `pg_doorman`; where it has none they are PgBouncer's; a few are our own.

mod table;

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Root,
    General,
    Pool,
    User,
    AuthQuery,
    Hba,
    Include,
    Web,
}

impl Scope {
    /// How the part is named to an operator.
    pub fn title(self) -> &'static str {
        match self {
            Self::Root => "the top level",
            Self::General => "general",
            Self::Pool => "pools.<name>",
            Self::User => "pools.<name>.users",
            Self::AuthQuery => "pools.<name>.auth_query",
            Self::Hba => "general.pg_hba",
            Self::Include => "include",
            Self::Web => "web",
        }
    }
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Read and obeyed.
    Obeyed,
    /// Accepted for the sake of existing files; it tunes something that does not exist here.
    NoEffect,
    /// Not built yet and harmless to go without.
    Later,
    /// Not built yet; to go without it would change isolation, limits or access. Values that are
    /// "off", and the texts given here, ask for nothing and pass.
    LaterRefused(&'static [&'static str]),
    /// Refused for good unless "off", with this sentence.
    Never(&'static str),
}

/// A key; a name that ends in `*` stands for all that begin so.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub scopes: &'static [Scope],
    pub fate: Fate,
}

impl Key {
    fn is(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => self.name == name,
        }
    }
}

/// The key of this name in this part of the file.
pub fn find(scope: Scope, name: &str) -> Option<&'static Key> {
    all().find(|key| key.is(name) && key.scopes.contains(&scope))
}

/// The part where a key of this name would belong.
pub fn home(name: &str) -> Option<Scope> {
    let key = all().find(|key| key.is(name))?;
    key.scopes.first().copied()
}

/// The known name most like this one: of the same part if any comes near, else of another.
pub fn nearest(scope: Scope, name: &str) -> Option<(&'static str, Scope)> {
    let near = |here: bool| {
        all()
            .filter(|key| key.scopes.contains(&scope) == here && !key.name.ends_with('*'))
            .filter_map(|key| Some((distance(name, key.name)?, key)))
            .min_by_key(|(distance, _)| *distance)
    };
    let (key, home) = match near(true) {
        Some((_, key)) => (key, scope),
        None => near(false).and_then(|(_, key)| Some((key, *key.scopes.first()?)))?,
    };
    Some((key.name, home))
}

/// How many slips lie between two names; `None` = they have too little in common.
fn distance(wrong: &str, right: &str) -> Option<usize> {
    let slips = strsim::damerau_levenshtein(&wrong.to_ascii_lowercase(), right);
    let allowed = (right.len() / 3).clamp(1, 4);
    (slips <= allowed).then_some(slips)
}

/// All keys of all parts.
pub fn all() -> impl Iterator<Item = &'static Key> {
    table::ALL.iter().flat_map(|keys| keys.iter())
}

#[cfg(test)]
mod tests {
    use super::Fate::Never;
    use super::Scope::{General, Pool, User};
    use super::*;

    #[test]
    fn no_key_stands_twice_in_one_part() {
        let mut seen = std::collections::BTreeSet::new();
        for key in all() {
            for scope in key.scopes {
                assert!(
                    seen.insert((key.name, scope.title())),
                    "{} in {scope:?}",
                    key.name
                );
            }
        }
    }

    #[test]
    fn the_nearest_name_is_of_the_same_part_if_it_can_be() {
        assert_eq!(
            nearest(General, "idel_timeout"),
            Some(("idle_timeout", General))
        );
        assert_eq!(nearest(Pool, "IDLE_TIMEOUTS"), Some(("idle_timeout", Pool)));
        assert_eq!(nearest(Pool, "min_pool_siz"), Some(("min_pool_size", User)));
        assert_eq!(nearest(General, "colour_of_the_bikeshed"), None);
    }

    #[test]
    fn a_prefix_stands_for_a_family() {
        assert!(matches!(
            find(Pool, "fallback_lifetime").unwrap().fate,
            Never(_)
        ));
        assert_eq!(home("fallback_x"), Some(General));
        assert_eq!(find(User, "fallback_x").map(|k| k.name), None);
    }
}
