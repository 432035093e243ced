//! Puts a defect in place, and takes it away again.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use harness::toxiproxy::NewToxic;
use harness::{Error, Result};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Defect, How};
use crate::ground::{DATABASE, Ground};
use crate::plan::Side;

/// How long a repeated statement rests.
const REST: Duration = Duration::from_millis(50);

/// A defect that is in place.
#[derive(Debug, Default)]
pub struct Made {
    toxics: Vec<String>,
    again_and_again: Option<JoinHandle<()>>,
}

/// Makes it; what the configuration makes is there already.
pub async fn make(defect: &Defect, ground: &Arc<Ground>) -> Result<Made> {
    let mut made = Made::default();
    match defect.how {
        How::Failpoint(..) | How::Settings { .. } => {}
        How::Toxics(toxics) => made.toxics = add(ground, Side::Servers, toxics).await?,
        How::ToxicsThatStay(side, toxics) => drop(add(ground, side, toxics).await?),
        How::Statement(sql) => ground.instance.execute_sql(DATABASE, sql).await?,
        How::Statements(sql) => {
            let ground = Arc::clone(ground);
            made.again_and_again = Some(tokio::spawn(async move {
                loop {
                    // PostgreSQL may be down just then.
                    let _ = ground.instance.execute_sql(DATABASE, sql).await;
                    sleep(REST).await;
                }
            }));
        }
        How::LogLine(line) => append(ground, line).await?,
    }
    Ok(made)
}

impl Made {
    /// Takes away what does not stay.
    pub async fn lift(self, ground: &Ground) -> Result<()> {
        if let Some(task) = self.again_and_again {
            task.abort();
            // Only when it has ended is the ground free again.
            let _ = task.await;
        }
        for toxic in self.toxics {
            let proxy = ground.proxy(Side::Servers);
            ground.proxies.client.remove(proxy, &toxic).await?;
        }
        Ok(())
    }
}

async fn add(ground: &Ground, side: Side, toxics: &[(&str, &str)]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (number, (kind, attributes)) in toxics.iter().enumerate() {
        let attributes = serde_json::from_str(attributes)
            .map_err(|error| Error::told(format!("the defect's {attributes}: {error}")))?;
        let toxic = NewToxic {
            name: format!("defect-{number}"),
            kind: (*kind).to_owned(),
            attributes,
            ..NewToxic::default()
        };
        let proxy = ground.proxy(side);
        ground.proxies.client.add(proxy, &toxic).await?;
        names.push(toxic.name);
    }
    Ok(names)
}

async fn append(ground: &Ground, line: &str) -> Result<()> {
    let secret = ground
        .users
        .first()
        .map_or_else(String::new, |user| user.password());
    let Some(path) = ground
        .pooler()
        .await
        .as_ref()
        .map(harness::Pooler::log_path)
    else {
        return Ok(());
    };
    let refused = Error::io(path.display().to_string());
    let mut file = OpenOptions::new()
        .append(true)
        .open(&path)
        .map_err(refused)?;
    writeln!(file, "{}", line.replace(":secret", &secret)).map_err(Error::io("the pooler's log"))
}
