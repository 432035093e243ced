//! Why a step fails: something was other than the feature says.

use std::fmt;

use harness::client::Failure;

/// The sentence that the reader of a red scenario gets.
#[derive(Debug)]
pub struct Surprise(String);

pub type Step<T = ()> = Result<T, Surprise>;

impl Surprise {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Surprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Surprise {}

impl From<Failure> for Surprise {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<harness::Error> for Surprise {
    fn from(error: harness::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Surprise {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Fails with both sides of a comparison that should have been equal.
pub fn expect<T: PartialEq + fmt::Debug>(what: &str, found: &T, wanted: &T) -> Step {
    if found == wanted {
        return Ok(());
    }
    Err(Surprise(format!(
        "{what}:\n  found  {found:?}\n  wanted {wanted:?}"
    )))
}
