//! What a pool's servers report when they are fresh, and what is known of client parameters.
//!
//! The first to ask opens a server for it; the others wait for that one answer, also if it is an
//! error: a hundred logins on a dead server cost one connect.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::{Error, Result};

/// Names and values as PostgreSQL reports them.
pub type Reported = Arc<BTreeMap<String, String>>;

/// Client parameters that a server has taken once; the oldest is forgotten.
const MAX_VETTED: usize = 256;

#[derive(Debug, Default)]
pub struct Parameters {
    state: Mutex<State>,
    vetted: Mutex<VecDeque<(String, String, Option<String>)>>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    Asking(watch::Receiver<Option<Result<Reported>>>),
    Known(Reported),
}

impl Parameters {
    pub fn known(&self) -> Option<Reported> {
        match &*self.lock() {
            State::Known(reported) => Some(Arc::clone(reported)),
            _ => None,
        }
    }

    pub fn learn(&self, reported: BTreeMap<String, String>) -> Reported {
        let reported = Arc::new(reported);
        *self.lock() = State::Known(Arc::clone(&reported));
        reported
    }

    /// The answer, if need be by `ask`, which only one caller at a time runs.
    ///
    /// # Errors
    /// Those of `ask`, the runner's own or that of whoever ran it.
    ///
    /// # Cancel safety
    /// A dropped runner leaves the question to the next who waits.
    pub async fn get_or_ask<F>(&self, ask: impl Fn() -> F) -> Result<Reported>
    where
        F: Future<Output = Result<BTreeMap<String, String>>>,
    {
        loop {
            let role = match &mut *self.lock() {
                State::Known(reported) => return Ok(Arc::clone(reported)),
                State::Asking(answer) if answer.has_changed().is_ok() => Role::Wait(answer.clone()),
                unknown => {
                    let (tell, answer) = watch::channel(None);
                    *unknown = State::Asking(answer);
                    Role::Ask(tell)
                }
            };
            match role {
                Role::Ask(tell) => return self.ask_and_tell(ask().await, &tell),
                Role::Wait(mut answer) => {
                    if let Ok(told) = answer.wait_for(Option::is_some).await
                        && let Some(outcome) = &*told
                    {
                        return outcome.clone();
                    }
                    // The runner vanished without an answer: somebody asks anew.
                }
            }
        }
    }

    fn ask_and_tell(
        &self,
        outcome: Result<BTreeMap<String, String>>,
        tell: &watch::Sender<Option<Result<Reported>>>,
    ) -> Result<Reported> {
        let outcome: Result<Reported, Error> = outcome.map(|reported| self.learn(reported));
        if outcome.is_err() {
            *self.lock() = State::Unknown;
        }
        tell.send_replace(Some(outcome.clone()));
        outcome
    }

    /// Has a server taken this value? With what it reported for it, if it did.
    pub fn vetted(&self, name: &str, value: &str) -> Option<Option<String>> {
        let vetted = self.vetted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = vetted.iter().find(|(n, v, _)| n == name && v == value);
        known.map(|(_, _, reported)| reported.clone())
    }

    pub fn vet(&self, name: &str, value: &str, reported: Option<String>) {
        let mut vetted = self.vetted.lock().unwrap_or_else(PoisonError::into_inner);
        if vetted.len() >= MAX_VETTED {
            vetted.pop_front();
        }
        vetted.push_back((name.to_owned(), value.to_owned(), reported));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Role {
    Ask(watch::Sender<Option<Result<Reported>>>),
    Wait(watch::Receiver<Option<Result<Reported>>>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn answer() -> BTreeMap<String, String> {
        [("TimeZone".to_owned(), "UTC".to_owned())].into()
    }

    #[tokio::test]
    async fn one_question_answers_all_who_wait() {
        let parameters = Parameters::default();
        let asked = Cell::new(0);
        let ask = || async {
            asked.set(asked.get() + 1);
            tokio::task::yield_now().await;
            if asked.get() == 1 {
                Err(Error::server("down"))
            } else {
                Ok(answer())
            }
        };
        let (a, b) = tokio::join!(parameters.get_or_ask(ask), parameters.get_or_ask(ask));
        assert!(a.is_err() && b.is_err());
        assert_eq!(asked.get(), 1, "both were told the one failure");
        parameters.get_or_ask(ask).await.unwrap();
        parameters.get_or_ask(ask).await.unwrap();
        assert_eq!(asked.get(), 2);
    }

    #[tokio::test]
    async fn a_runner_that_vanishes_leaves_the_question_to_the_next() {
        let parameters = Parameters::default();
        let never = parameters.get_or_ask(std::future::pending);
        tokio::time::timeout(std::time::Duration::from_millis(5), never)
            .await
            .unwrap_err();
        parameters
            .get_or_ask(|| async { Ok(answer()) })
            .await
            .unwrap();
    }
}
