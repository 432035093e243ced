//! What every row says of where it comes from.

use harness::client::{Answer, Failure};

use super::effect::strange;
use crate::history::{Origin, Row};

/// The columns of an [`Origin`], as text.
pub(super) const COLUMNS: &str = "current_user::text, session_user::text, pg_backend_pid()::text, \
     coalesce(current_setting('chaos.mark', true), '')";

type Cells = [Option<String>];

/// So many rows with this token, by the simple protocol. Tokens need no escapes.
pub(super) fn rows_sql(token: &str, rows: u64) -> String {
    format!("SELECT {COLUMNS}, '{token}'::text, g::text FROM generate_series(1, {rows}) g")
}

/// The same with the token and the number of rows as parameters.
pub(super) fn parameters_sql() -> String {
    format!("SELECT {COLUMNS}, $1::text, g::text FROM generate_series(1, $2::text::int) g")
}

/// The rows of such an answer.
pub(super) fn rows(answer: &Answer) -> Result<Vec<Row>, Failure> {
    let row = |cells: &Vec<Option<String>>| row(cells).ok_or_else(|| no_row(cells));
    answer.rows.iter().map(row).collect()
}

/// The origin in the first columns of the first row.
pub(super) fn first(answer: &Answer) -> Result<Origin, Failure> {
    let Some(cells) = answer.rows.first() else {
        return Err(strange("the answer has no row".to_owned()));
    };
    origin(cells).ok_or_else(|| no_row(cells))
}

fn no_row(cells: &Cells) -> Failure {
    strange(format!(
        "the answer has a row that nobody asked for: {cells:?}"
    ))
}

fn row(cells: &Cells) -> Option<Row> {
    let [.., token, number] = cells else {
        return None;
    };
    Some(Row {
        origin: origin(cells)?,
        token: token.clone()?,
        number: number.as_ref()?.parse().ok()?,
    })
}

fn origin(cells: &Cells) -> Option<Origin> {
    let [user, session_user, backend, mark, ..] = cells else {
        return None;
    };
    Some(Origin {
        user: user.clone()?,
        session_user: session_user.clone()?,
        backend: backend.as_ref()?.parse().ok()?,
        mark: mark.clone()?,
    })
}
