//! The users of a run, and the passwords that they have had.

use std::sync::{Mutex, MutexGuard, PoisonError};

use harness::Method;

/// A role that pool users come as. Its index in a schedule is its place in the order of names.
#[derive(Debug)]
pub struct User {
    pub name: String,
    pub method: Method,
    passwords: Mutex<Vec<String>>,
}

impl User {
    /// The password that is right now, as far as anybody knows.
    pub fn password(&self) -> String {
        self.passwords().last().cloned().unwrap_or_default()
    }

    /// The one before the last change.
    pub fn old_password(&self) -> Option<String> {
        let passwords = self.passwords();
        let now = passwords.last()?;
        passwords.iter().rev().find(|old| *old != now).cloned()
    }

    /// All that it has ever had: none of them may appear in a log.
    pub fn all_passwords(&self) -> Vec<String> {
        self.passwords().clone()
    }

    /// A password that it has never had.
    pub fn next_password(&self) -> String {
        let count = self.passwords().len();
        format!("{}_secret_{}", self.name, count + 1)
    }

    /// From now on clients know this one.
    pub fn learn(&self, password: String) {
        self.passwords().push(password);
    }

    fn passwords(&self) -> MutexGuard<'_, Vec<String>> {
        self.passwords
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many, the even ones with SCRAM, the odd ones with MD5.
pub(super) fn make(count: usize) -> Vec<std::sync::Arc<User>> {
    let user = |number: usize| {
        let name = format!("user_{number:03}");
        let method = if number.is_multiple_of(2) {
            Method::Scram
        } else {
            Method::Md5
        };
        let passwords = Mutex::new(vec![format!("{name}_secret_1")]);
        std::sync::Arc::new(User {
            name,
            method,
            passwords,
        })
    };
    (0..count).map(user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_password_is_the_last_that_differs() {
        let user = &make(1)[0];
        assert_eq!(user.old_password(), None);
        let first = user.password();
        user.learn(first.clone());
        assert_eq!(user.old_password(), None);
        user.learn(user.next_password());
        assert_eq!(user.old_password(), Some(first));
    }
}
