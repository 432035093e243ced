//! Serializable transactions over lists: what was read and what is there in the end tells their order.

use harness::client::{Answer as Rows, Failure};

use crate::history::{Answer, Effect, ListStep, Outcome, Work};
use crate::work::effect::{failed, strange};
use crate::work::scene::Scene;
use crate::work::transaction::{self, Committed};

const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
const MOST_STEPS: u64 = 4;

pub(super) async fn play(scene: &mut Scene<'_>) {
    let op = scene.desk.recorder.next_op();
    let steps: Vec<ListStep> = (0..scene.dice.between(1, MOST_STEPS))
        .map(|number| step(scene, op * 8 + number))
        .collect();
    let statements: Vec<String> = steps.iter().map(sql).collect();
    let work = Work::Lists {
        steps: steps.clone(),
    };
    let asked = scene.ask(op, work);
    let told = transaction::run(scene, BEGIN, &statements).await;
    let told = told.map(|done| answer(&steps, done));
    scene.answer(asked, told.unwrap_or_else(|failed| failed));
}

fn step(scene: &mut Scene<'_>, value: u64) -> ListStep {
    let append = scene.dice.percent(55);
    let list = scene.desk.list(scene.dice.below(u64::MAX), append);
    if append {
        ListStep::Append { list, value }
    } else {
        ListStep::Read { list }
    }
}

fn sql(step: &ListStep) -> String {
    match step {
        ListStep::Append { list, value } => format!(
            "INSERT INTO lists (id, items) VALUES ({list}, '{{{value}}}') \
             ON CONFLICT (id) DO UPDATE SET items = lists.items || excluded.items"
        ),
        ListStep::Read { list } => format!("SELECT items FROM lists WHERE id = {list}"),
    }
}

fn answer(steps: &[ListStep], done: Committed) -> Answer {
    let seen = steps
        .iter()
        .zip(&done.answers)
        .map(|(step, rows)| match step {
            ListStep::Append { .. } => Ok(None),
            ListStep::Read { .. } => items(rows).map(Some),
        });
    let answer = match seen.collect() {
        Ok(seen) => Outcome::Lists { seen }.into(),
        // Its appends are there; what it has read is of no use.
        Err(failure) => failed(failure, Effect::Unknown),
    };
    Answer {
        held: Some(done.held),
        ..answer
    }
}

/// A list as PostgreSQL writes it; one that nobody has appended to has no row.
fn items(rows: &Rows) -> Result<Vec<u64>, Failure> {
    let strange = || strange(format!("the answer is no list: {:?}", rows.rows));
    let text = match rows.rows.as_slice() {
        [] => return Ok(Vec::new()),
        [row] if row.len() == 1 => row[0].as_deref(),
        _ => None,
    };
    let text = text.and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
    let items = text.ok_or_else(strange)?.split(',');
    let items = items.filter(|item| !item.is_empty()).map(str::parse);
    items.collect::<Result<_, _>>().map_err(|_| strange())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str]) -> Option<Vec<u64>> {
        let row = cells.iter().map(|cell| Some((*cell).to_owned()));
        let rows = Rows {
            rows: vec![row.collect()],
            commands: Vec::new(),
        };
        items(&rows).ok()
    }

    #[test]
    fn a_list_is_read_as_postgresql_writes_it() {
        assert_eq!(read(&["{1,22}"]), Some(vec![1, 22]));
        assert_eq!(read(&["{}"]), Some(Vec::new()));
        assert_eq!(items(&Rows::default()).ok(), Some(Vec::new()));
        assert_eq!(read(&["user_003#2.7"]), None);
        assert_eq!(read(&["{1}", "{2}"]), None);
    }
}
