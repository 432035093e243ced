//! The names of one scenario: features say `alice` and `app`, PostgreSQL knows `alice_77_3`.

use std::collections::BTreeMap;

use harness::names::unique;

/// The database that every scenario has.
pub const DATABASE: &str = "app";
/// The role that runs the look-ups.
pub const LOOKUP_ROLE: &str = "auth";

/// Maps between a feature's plain names and the scenario's own.
#[derive(Debug)]
pub struct Names {
    suffix: String,
    passwords: BTreeMap<String, String>,
}

impl Default for Names {
    fn default() -> Self {
        let known = [DATABASE, LOOKUP_ROLE].map(|name| (name.to_owned(), format!("{name}_pw")));
        Self {
            suffix: unique(""),
            passwords: BTreeMap::from(known),
        }
    }
}

impl Names {
    /// The scenario's own name for a database or a role.
    pub fn own(&self, plain: &str) -> String {
        format!("{plain}{}", self.suffix)
    }

    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Makes a user known, with the password `<user>_pw`, which is returned.
    pub fn add(&mut self, user: &str) -> String {
        let password = format!("{user}_pw");
        self.passwords.insert(user.to_owned(), password.clone());
        password
    }

    pub fn set_password(&mut self, user: &str, password: &str) {
        self.passwords.insert(user.to_owned(), password.to_owned());
    }

    /// The password that a client of this user gives; an unknown user gives one too.
    pub fn password(&self, user: &str) -> String {
        self.passwords
            .get(user)
            .cloned()
            .unwrap_or_else(|| format!("{user}_pw"))
    }

    /// The users made known, without the look-up role.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        let plain = self.passwords.keys().map(String::as_str);
        plain.filter(|name| *name != DATABASE && *name != LOOKUP_ROLE)
    }

    /// Replaces `:alice` by the scenario's own name, in SQL and in settings; `::text` stays.
    pub fn localize(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(':') {
            out.push_str(before);
            let end = after
                .find(|c: char| !c.is_ascii_lowercase())
                .unwrap_or(after.len());
            let word = &after[..end];
            let cast = before.is_empty() && out.ends_with(':');
            if !cast && self.passwords.contains_key(word) {
                out.push_str(&self.own(word));
                rest = &after[end..];
            } else {
                out.push(':');
                rest = after;
            }
        }
        out + rest
    }

    /// Takes the scenario's suffix off every name in a text.
    pub fn tidy(&self, text: &str) -> String {
        text.replace(&self.suffix, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let mut names = Names::default();
        assert_eq!(names.add("alice"), "alice_pw");
        let sql = "alter role :alice; select '1'::app, ':alice', :bob";
        let own = names.localize(sql);
        let alice = names.own("alice");
        assert_eq!(
            own,
            format!("alter role {alice}; select '1'::app, '{alice}', :bob")
        );
        assert_eq!(names.tidy(&alice), "alice");
    }
}
