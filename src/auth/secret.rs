//! What is stored of a user: in the configuration file, or in `pg_authid`.

use std::fmt;

use sha2::{Digest, Sha256};

use super::scram::secret::{SCHEME, Verifier};
use crate::config::settings::Secret;

#[derive(Clone, PartialEq, Eq)]
pub enum StoredSecret {
    Plain(Secret),
    /// `md5` and 32 lower-case hex digits.
    Md5(Secret),
    Scram(Box<Verifier>),
    /// Nothing that a password could match.
    Empty,
}

impl StoredSecret {
    /// Tells the kinds apart by their whole shape. A broken verifier is [`Self::Empty`], never
    /// [`Self::Plain`]: else whoever reads it could log in with it.
    pub fn parse(text: &str) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        if let Some(hash) = md5_hash(text) {
            return Self::Md5(hash);
        }
        if !text.starts_with(SCHEME) {
            return Self::Plain(Secret::new(text));
        }
        Verifier::parse(text).map_or(Self::Empty, |verifier| Self::Scram(Box::new(verifier)))
    }

    /// Another number for another secret (with the odds of 64 bits); tells key epochs apart.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Sha256::new();
        match self {
            Self::Plain(text) => hash.update([&b"p"[..], text.expose().as_bytes()].concat()),
            Self::Md5(text) => hash.update([&b"m"[..], text.expose().as_bytes()].concat()),
            Self::Scram(verifier) => verifier.feed(&mut hash),
            Self::Empty => {}
        }
        let hash: [u8; 32] = hash.finalize().into();
        u64::from_be_bytes(std::array::from_fn(|i| hash[i]))
    }
}

fn md5_hash(text: &str) -> Option<Secret> {
    let digits = text.strip_prefix("md5").filter(|d| d.len() == 32)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal.then(|| Secret::new(text.to_ascii_lowercase()))
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(***)",
            Self::Md5(_) => "Md5(***)",
            Self::Scram(_) => "Scram(***)",
            Self::Empty => "Empty",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
        $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    fn kind(text: &str) -> &'static str {
        match StoredSecret::parse(text) {
            StoredSecret::Plain(plain) => {
                assert_eq!(plain.expose(), text);
                "plain"
            }
            StoredSecret::Md5(_) => "md5",
            StoredSecret::Scram(_) => "scram",
            StoredSecret::Empty => "empty",
        }
    }

    #[test]
    fn a_secret_is_told_by_its_whole_shape() {
        for (text, expected) in [
            ("", "empty"),
            ("secret", "plain"),
            ("md5", "plain"),
            ("md5rocks", "plain"),
            ("md5 0123456789abcdef0123456789abcde", "plain"),
            ("md50123456789abcdef0123456789abcdef0", "plain"),
            ("md50123456789abcdef0123456789abcdeg", "plain"),
            ("MD50123456789abcdef0123456789abcdef", "plain"),
            ("md5é123456789abcdef0123456789abcde", "plain"),
            ("md50123456789abcdef0123456789abcdef", "md5"),
            ("md50123456789ABCDEF0123456789abcdef", "md5"),
            (VERIFIER, "scram"),
            // Whoever reads a verifier must not be able to log in with it.
            ("SCRAM-SHA-256$", "empty"),
            (&VERIFIER[..VERIFIER.len() - 1], "empty"),
            (&VERIFIER.replace("4096", "99999999"), "empty"),
            ("SCRAM-SHA-256", "plain"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn hex_digits_are_kept_in_lower_case() {
        let StoredSecret::Md5(hash) = StoredSecret::parse("md5ABCDEFABCDEFABCDEFABCDEFABCDEFAB")
        else {
            unreachable!()
        };
        assert_eq!(hash.expose(), "md5abcdefabcdefabcdefabcdefabcdefab");
    }

    #[test]
    fn fingerprints_differ_when_secrets_do() {
        let texts = [
            "",
            "a",
            "b",
            "md50123456789abcdef0123456789abcdef",
            "md50123456789abcdef0123456789abcde0",
            VERIFIER,
            &VERIFIER.replace("4096", "4097"),
            &VERIFIER.replace("W22", "X22"),
            &VERIFIER.replace("WG5d", "XG5d"),
            &VERIFIER.replace("wfPL", "xfPL"),
        ];
        let prints: std::collections::BTreeSet<_> = texts
            .iter()
            .map(|text| StoredSecret::parse(text).fingerprint())
            .collect();
        assert_eq!(prints.len(), texts.len());
        let again = StoredSecret::parse(VERIFIER);
        assert!(prints.contains(&again.fingerprint()));
        assert_eq!(again, StoredSecret::parse(VERIFIER));
        assert_ne!(again, StoredSecret::parse(texts[9]));
    }

    #[test]
    fn debug_shows_the_kind_only() {
        for text in ["hush", "md50123456789abcdef0123456789abcdef", VERIFIER] {
            let shown = format!("{:?}", StoredSecret::parse(text));
            assert!(shown.ends_with("(***)"), "{shown}");
        }
    }
}
