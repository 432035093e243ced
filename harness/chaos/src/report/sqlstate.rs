//! What failures said: each SQLSTATE with its count and the first message that came with it.

use std::collections::BTreeMap;

use harness::client::Failure;
use serde::{Deserialize, Serialize};

use crate::history::{History, Outcome};

/// A way to fail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `None`: the connection ended, or no answer came in time.
    pub sqlstate: Option<String>,
    pub requests: u64,
    pub logins: u64,
    /// The first that said so.
    pub message: String,
}

/// All ways to fail in a run, by their SQLSTATE.
pub(super) fn of(history: &History) -> Vec<Told> {
    let mut known = BTreeMap::new();
    for op in &history.ops {
        if let Some((_, answer)) = &op.answer
            && let Outcome::Failed { failure, .. } = &answer.outcome
        {
            entry(&mut known, failure).requests += 1;
        }
    }
    for session in history.sessions.values() {
        if let Some((_, Err(failure))) = &session.login {
            entry(&mut known, failure).logins += 1;
        }
    }
    known.into_values().collect()
}

fn entry<'a>(known: &'a mut BTreeMap<Option<String>, Told>, failure: &Failure) -> &'a mut Told {
    known
        .entry(failure.sqlstate.clone())
        .or_insert_with(|| Told {
            sqlstate: failure.sqlstate.clone(),
            message: failure.message.clone(),
            ..Told::default()
        })
}
