//! Whether a write may have happened although its request failed.

use harness::client::Failure;

use crate::history::{Answer, Effect, Outcome};

/// SQLSTATEs that tell of an end, not of the statement: what it did by then is not known.
const ENDS: [&str; 3] = ["57014", "57P01", "57P02"];

/// Of a write that was under way: nothing happened only where PostgreSQL says of this statement that
/// it failed.
pub(super) fn under_way(failure: &Failure) -> Effect {
    match failure.sqlstate.as_deref() {
        Some(code) if !failure.fatal && !code.starts_with("08") && !ENDS.contains(&code) => {
            Effect::None
        }
        _ => Effect::Unknown,
    }
}

/// Of a request that writes nothing, or of a write before anything of it could be lasting.
pub(super) fn none(failure: Failure) -> Answer {
    failed(failure, Effect::None)
}

pub(super) fn failed(failure: Failure, effect: Effect) -> Answer {
    Outcome::Failed { failure, effect }.into()
}

/// An answer of another shape than what was asked for: the connection is sound, the answer is not.
pub(super) fn strange(message: String) -> Failure {
    Failure {
        fatal: false,
        ..Failure::local(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_of_the_statement_says_that_nothing_happened() {
        let told = |sqlstate: Option<&str>, fatal| Failure {
            sqlstate: sqlstate.map(str::to_owned),
            fatal,
            ..Failure::local("x")
        };
        assert_eq!(under_way(&told(Some("40001"), false)), Effect::None);
        for code in ["57014", "57P01", "57P02", "08006", "08P01"] {
            assert_eq!(
                under_way(&told(Some(code), false)),
                Effect::Unknown,
                "{code}"
            );
        }
        assert_eq!(under_way(&told(Some("53300"), true)), Effect::Unknown);
        assert_eq!(under_way(&told(None, true)), Effect::Unknown);
        assert_eq!(under_way(&told(None, false)), Effect::Unknown);
    }
}
