//! What the database holds when all is over.

use harness::{Instance, Result};
use tokio_postgres::Row;

use super::DATABASE;
use crate::history::{Contents, Moved};

pub(super) async fn read(instance: &Instance) -> Result<Contents> {
    let client = instance.connect(DATABASE).await?;
    let all = async |sql: &str| client.query(sql, &[]).await;
    let accounts = all("SELECT balance FROM accounts ORDER BY id").await?;
    let transfers = all("SELECT token, source, target, amount, by::text FROM transfers").await?;
    let loads = all("SELECT token, count(*) FROM loads GROUP BY token").await?;
    let mail = all("SELECT token, owner::text FROM mail").await?;
    let lists = all("SELECT id, items FROM lists WHERE items <> '{}' ORDER BY id").await?;
    Ok(Contents {
        accounts: accounts.iter().map(|row| row.get(0)).collect(),
        transfers: transfers.iter().map(moved).collect(),
        loads: loads
            .iter()
            .map(|row| (row.get(0), unsigned(row.get(1))))
            .collect(),
        mail: mail.iter().map(|row| (row.get(0), row.get(1))).collect(),
        lists: lists.iter().map(list).collect(),
    })
}

fn moved(row: &Row) -> Moved {
    Moved {
        token: row.get(0),
        from: small(row.get(1)),
        to: small(row.get(2)),
        amount: row.get(3),
        by: row.get(4),
    }
}

fn list(row: &Row) -> (u32, Vec<u64>) {
    let items: Vec<i64> = row.get(1);
    (small(row.get(0)), items.into_iter().map(unsigned).collect())
}

/// Clients write no negative numbers.
fn unsigned(number: i64) -> u64 {
    number.unsigned_abs()
}

fn small(number: i32) -> u32 {
    number.unsigned_abs()
}
