//! The admin console of a pooler, asked as collectors ask: simple protocol, one connection each.

use std::collections::BTreeMap;

use crate::client::{Column, Endpoint, Failure, Login, Tls, Trace, Wire, compose};

/// What a SHOW answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    pub fn names(&self) -> Vec<&str> {
        self.columns
            .iter()
            .map(|column| column.name.as_str())
            .collect()
    }

    /// The cell of a row under a column's name; NULL and a missing column are both `None`.
    pub fn cell<'a>(&self, row: &'a [Option<String>], column: &str) -> Option<&'a str> {
        let at = self.columns.iter().position(|known| known.name == column)?;
        row.get(at)?.as_deref()
    }

    /// Two text and number columns as a map: how SHOW INTERNALS and SHOW LISTS answer.
    pub fn numbers(&self) -> BTreeMap<String, i64> {
        let pair = |row: &Vec<Option<String>>| {
            Some((row.first()?.clone()?, row.get(1)?.as_ref()?.parse().ok()?))
        };
        self.rows.iter().filter_map(pair).collect()
    }
}

/// Who may ask a pooler's console, and where.
#[derive(Debug, Clone)]
pub struct Console {
    login: Login,
}

impl Console {
    pub fn new(endpoint: Endpoint, database: &str, user: &str, password: &str) -> Self {
        let login = Login {
            endpoint,
            tls: Tls::Off,
            user: user.to_owned(),
            password: Some(password.to_owned()),
            database: database.to_owned(),
            parameters: Vec::new(),
        };
        Self { login }
    }

    /// A session of its own, for those who send it single messages.
    pub async fn wire(&self, trace: &Trace) -> Result<Wire, Failure> {
        Wire::connect("console", &self.login, trace).await
    }

    /// Runs one command and returns its rows; a command without rows gives an empty table.
    pub async fn ask(&self, command: &str) -> Result<Table, Failure> {
        let mut wire = self.wire(&Trace::default()).await?;
        wire.send(&compose::query(command)).await?;
        let mut table = Table::default();
        let mut failure = None;
        for message in wire.until_ready().await? {
            match message.tag {
                b'T' => table.columns = message.columns(),
                b'D' => table.rows.push(message.cells()),
                b'E' => failure = Some(message.failure()),
                _ => {}
            }
        }
        wire.leave().await;
        failure.map_or(Ok(table), Err)
    }

    /// SHOW INTERNALS by key.
    pub async fn internals(&self) -> Result<BTreeMap<String, i64>, Failure> {
        Ok(self.ask("SHOW INTERNALS").await?.numbers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_name() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            kind: 25,
        };
        let row = vec![Some("pools".to_owned()), Some("3".to_owned())];
        let table = Table {
            columns: vec![column("key"), column("value")],
            rows: vec![row],
        };
        assert_eq!(table.cell(&table.rows[0], "value"), Some("3"));
        assert_eq!(table.cell(&table.rows[0], "nothing"), None);
        assert_eq!(table.numbers().get("pools"), Some(&3));
    }
}
