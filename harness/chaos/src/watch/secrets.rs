//! What must stand in no log: passwords, verifiers, hashes.

use std::collections::BTreeMap;

use crate::ground::{Ground, LOOKUP_PASSWORD, LOOKUP_ROLE};

/// All secrets of a run, and whose each is.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    pub(super) fn of(ground: &Ground) -> Self {
        let mut known = BTreeMap::new();
        for user in &ground.users {
            for password in user.all_passwords() {
                known.insert(password, format!("a password of {}", user.name));
            }
        }
        let look_ups = format!("the password of {LOOKUP_ROLE}");
        known.insert(LOOKUP_PASSWORD.to_owned(), look_ups);
        let superuser = format!("the password of {}", ground.instance.superuser());
        known.insert(ground.instance.superuser_password().to_owned(), superuser);
        Self(known)
    }

    /// What this line gives away, in words that give nothing away.
    pub(super) fn given_away(&self, line: &str) -> Option<String> {
        let password = self.0.iter().find(|(secret, _)| line.contains(&***secret));
        if let Some((_, whose)) = password {
            return Some(whose.clone());
        }
        if line.contains("SCRAM-SHA-256$") {
            return Some("a SCRAM verifier".to_owned());
        }
        has_md5(line).then(|| "an MD5 hash".to_owned())
    }
}

/// `md5` and 32 hexadecimal digits, as pg_shadow has them.
fn has_md5(line: &str) -> bool {
    line.split("md5").skip(1).any(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        digits == 32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_by_its_owner_and_never_itself() {
        let secrets = Secrets(BTreeMap::from([(
            "hush".to_owned(),
            "a password of ann".to_owned(),
        )]));
        let told = |line: &str| secrets.given_away(line);
        assert_eq!(
            told("login with hush!").as_deref(),
            Some("a password of ann")
        );
        assert_eq!(
            told("got SCRAM-SHA-256$4096:c2FsdA==").as_deref(),
            Some("a SCRAM verifier")
        );
        let hash = format!("passwd=md5{}", "0a".repeat(16));
        assert_eq!(told(&hash).as_deref(), Some("an MD5 hash"));
        for innocent in [
            "auth method md5",
            "SCRAM-SHA-256 is offered",
            "md5 0a0a0a",
            "listening on 127.0.0.1:6432",
        ] {
            assert_eq!(told(innocent), None, "{innocent}");
        }
    }
}
