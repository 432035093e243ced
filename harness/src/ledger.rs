//! The ledger: what every client asked, and what it got for it.
//!
//! Each question has a token that no other question has, and PostgreSQL sends it back in every row,
//! with the user it ran as and the row's number. So the account of a run shows whose reply went to
//! whom, and which row was lost, without knowing what happened to the pooler meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::{Answer, Driver, Failure, Login, Session};
use crate::names::unique;

/// Answers have 1 to so many rows, so that replies differ in length.
const MOST_ROWS: usize = 7;
/// Complaints that are spelt out; of the others there is the number.
const SPELT_OUT: usize = 5;

const STATEMENT: &str = "ask";
const PREPARED: &str =
    "SELECT current_user::text, $1::text, g::text FROM generate_series(1, $2::text::int) g";

/// A handle on one run's account; clones write into the same.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    question: Question,
    /// `None` as long as nothing came.
    outcome: Option<Result<Answer, Failure>>,
}

/// Something that only its asker is to be told.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who asks, and which of its questions it is.
    pub name: String,
    /// Whom PostgreSQL has to take it for.
    pub user: String,
    pub token: String,
    pub rows: usize,
}

impl Question {
    pub fn new(client: &str, number: usize, user: &str) -> Self {
        let name = format!("{client}'s question {number}");
        Self {
            token: unique(&format!("{client}.{number}")),
            name,
            user: user.to_owned(),
            rows: 1 + number % MOST_ROWS,
        }
    }

    /// As a simple query.
    pub fn sql(&self) -> String {
        let (token, rows) = (&self.token, self.rows);
        format!("SELECT current_user, '{token}', g FROM generate_series(1, {rows}) g")
    }

    fn row(&self, number: usize) -> Vec<Option<String>> {
        vec![
            Some(self.user.clone()),
            Some(self.token.clone()),
            Some(number.to_string()),
        ]
    }
}

impl Ledger {
    /// Enters a question, before it is sent; the number is for its outcome.
    pub fn ask(&self, question: Question) -> usize {
        let mut entries = self.entries();
        entries.push(Entry {
            question,
            outcome: None,
        });
        entries.len() - 1
    }

    pub fn note(&self, number: usize, outcome: Result<Answer, Failure>) {
        if let Some(entry) = self.entries().get_mut(number) {
            entry.outcome = Some(outcome);
        }
    }

    /// How many questions were asked and answered as they had to be.
    ///
    /// # Errors
    /// In words: what is missing, and what went to the wrong one; also that nobody asked.
    pub fn balance(&self) -> Result<usize, Failure> {
        let entries = self.entries();
        let askers: BTreeMap<&str, &str> = entries
            .iter()
            .map(|entry| (&*entry.question.token, &*entry.question.name))
            .collect();
        let complaints: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.complaint(&askers))
            .collect();
        if complaints.is_empty() && !entries.is_empty() {
            return Ok(entries.len());
        }
        let list = complaints[..complaints.len().min(SPELT_OUT)].join("; ");
        let (wrong, all) = (complaints.len(), entries.len());
        Err(Failure::local(format!(
            "the ledger does not balance, {wrong} of {all} answers are wrong: {list}"
        )))
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn complaint(&self, askers: &BTreeMap<&str, &str>) -> Option<String> {
        let question = &self.question;
        let why = match &self.outcome {
            None => "was never answered".to_owned(),
            Some(Err(failure)) => format!("failed: {failure}"),
            Some(Ok(answer)) => question.compare(answer, askers)?,
        };
        Some(format!("{} {why}", question.name))
    }
}

impl Question {
    /// What is wrong with an answer, if something is.
    fn compare(&self, answer: &Answer, askers: &BTreeMap<&str, &str>) -> Option<String> {
        let wanted: Vec<_> = (1..=self.rows).map(|number| self.row(number)).collect();
        if answer.rows == wanted {
            return None;
        }
        let mut tokens = answer.rows.iter().filter_map(|row| row.get(1)?.as_deref());
        let strange = tokens.find(|token| *token != self.token);
        if let Some(asker) = strange.and_then(|token| askers.get(token)) {
            return Some(format!("got the reply to {asker}"));
        }
        let missing = (1..=self.rows).find(|number| !answer.rows.contains(&self.row(*number)));
        Some(match missing {
            Some(number) if strange.is_none() && answer.rows.len() < self.rows => {
                format!("lacks row {number} of {}", self.rows)
            }
            _ => format!("got the rows {:?}", answer.rows),
        })
    }
}

/// A client that logs in and asks `times` questions, one after the other, each second one through a
/// prepared statement. It stops at the first failure, which is in the ledger.
pub async fn ask(ledger: &Ledger, client: &str, login: &Login, times: usize) {
    let mut session = log_in(login).await;
    for number in 1..=times {
        let question = Question::new(client, number, &login.user);
        let entry = ledger.ask(question.clone());
        let outcome = match &mut session {
            Ok(session) if number % 2 == 0 => execute(session, &question).await,
            Ok(session) => session.run(&question.sql()).await,
            Err(failure) => Err(failure.clone()),
        };
        let failed = outcome.is_err();
        ledger.note(entry, outcome);
        if failed {
            break;
        }
    }
    if let Ok(session) = session {
        session.leave().await;
    }
}

async fn log_in(login: &Login) -> Result<Session, Failure> {
    let mut driver = Driver::connect(login).await?;
    driver.prepare(STATEMENT, PREPARED).await?;
    Ok(Session::Driver(driver))
}

async fn execute(session: &mut Session, question: &Question) -> Result<Answer, Failure> {
    let parameters = [&*question.token, &*question.rows.to_string()];
    session.driver()?.execute(STATEMENT, &parameters).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger of two questions of three and of four rows, each answered as it must be, and then
    /// changed by `fault`.
    fn account(fault: impl Fn(&mut [Answer; 2])) -> Result<usize, String> {
        let ledger = Ledger::default();
        let questions = [("alice", 2), ("bob", 3)].map(|(c, n)| Question::new(c, n, c));
        let mut answers = questions.clone().map(|question| Answer {
            rows: (1..=question.rows).map(|n| question.row(n)).collect(),
            commands: Vec::new(),
        });
        fault(&mut answers);
        for (question, answer) in questions.into_iter().zip(answers) {
            let entry = ledger.ask(question);
            ledger.note(entry, Ok(answer));
        }
        ledger.balance().map_err(|failure| failure.message)
    }

    #[test]
    fn right_answers_balance() {
        assert_eq!(account(|_| ()), Ok(2));
    }

    #[test]
    fn each_fault_is_told_by_name() {
        type Fault = fn(&mut [Answer; 2]);
        let faults: [(Fault, &str); 5] = [
            (
                |a| a.swap(0, 1),
                "alice's question 2 got the reply to bob's question 3",
            ),
            (
                |a| drop(a[0].rows.remove(1)),
                "alice's question 2 lacks row 2 of 3",
            ),
            (
                |a| drop(a[1].rows.pop()),
                "bob's question 3 lacks row 4 of 4",
            ),
            (|a| a[1].rows.swap(0, 1), "bob's question 3 got the rows"),
            (
                |a| a[0].rows[0][0] = Some("bob".into()),
                "alice's question 2 got the rows",
            ),
        ];
        for (fault, words) in faults {
            let told = account(fault).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn what_is_not_answered_is_missed() {
        let ledger = Ledger::default();
        let told = |ledger: &Ledger| ledger.balance().unwrap_err().message;
        assert!(told(&ledger).contains("0 of 0"));
        let entry = ledger.ask(Question::new("alice", 1, "alice"));
        assert!(told(&ledger).contains("alice's question 1 was never answered"));
        ledger.note(entry, Err(Failure::local("gone")));
        assert!(told(&ledger).contains("alice's question 1 failed: no SQLSTATE: gone"));
    }
}
