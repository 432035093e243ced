//! A schedule as a feature that replays it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use harness::{Error, Result};

use crate::plan::Schedule;
use crate::shrink::Shrunk;

/// The text of a feature with one scenario: this schedule, and the judges content.
pub fn text(shrunk: &Shrunk, defect: Option<&str>) -> String {
    let Schedule { order, faults } = &shrunk.schedule;
    let (seed, judge) = (order.seed, &shrunk.judge);
    let mut text = format!(
        "@chaos @serial\nFeature: Chaos found this with seed {seed}\n  \
         The judge of {judge} complained; {} tries made the run smaller, {} of them were red.\n\n  \
         Scenario: The judge of {judge} is content under seed {seed}\n    \
         Given chaos with seed {seed}, {} of {}, for {} s\n",
        shrunk.tries,
        shrunk.red,
        counted(order.clients, "client"),
        counted(order.users, "user"),
        order.seconds
    );
    if faults.is_empty() {
        text.push_str("    And no faults\n");
    } else {
        text.push_str("    And the faults\n");
        table(&mut text, shrunk);
    }
    if let Some(defect) = defect {
        let _ = writeln!(text, "    And the defect {defect}");
    }
    text.push_str("    When the storm is over\n    Then every judge is content\n");
    text
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn table(text: &mut String, shrunk: &Shrunk) {
    let faults = &shrunk.schedule.faults;
    let rows = faults.iter().map(|planned| {
        let ms = |time: u64| format!("{time} ms");
        [
            ms(planned.at),
            ms(planned.length),
            planned.fault.to_string(),
        ]
    });
    let head = ["at", "for", "fault"].map(str::to_owned);
    let rows: Vec<[String; 3]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [at, length, fault] in &rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "      | {at:w0$} | {length:w1$} | {fault:w2$} |",
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2]
        );
    }
}

/// Writes it among the features, under a name that says what it is.
pub fn write(features: &Path, shrunk: &Shrunk, defect: Option<&str>) -> Result<PathBuf> {
    let name = format!(
        "chaos_found_{}_{}.feature",
        shrunk.judge, shrunk.schedule.order.seed
    );
    let path = features.join(name);
    let text = text(shrunk, defect);
    std::fs::write(&path, text).map_err(Error::io(path.display().to_string()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Order, Planned};

    #[test]
    fn it_reads_as_a_feature() {
        let planned = |at, length, fault: &str| Planned {
            at,
            length,
            fault: fault.parse().expect("a fault"),
        };
        let shrunk = Shrunk {
            schedule: Schedule {
                order: Order {
                    seed: 7,
                    seconds: 3,
                    clients: 4,
                    users: 2,
                },
                faults: vec![
                    planned(400, 1200, "pooler: kill"),
                    planned(2000, 50, "servers: hold before ReadyForQuery #1"),
                ],
            },
            judge: "replies".to_owned(),
            tries: 9,
            red: 4,
        };
        let wanted = "\
@chaos @serial
Feature: Chaos found this with seed 7
  The judge of replies complained; 9 tries made the run smaller, 4 of them were red.

  Scenario: The judge of replies is content under seed 7
    Given chaos with seed 7, 4 clients of 2 users, for 3 s
    And the faults
      | at      | for     | fault                                 |
      | 400 ms  | 1200 ms | pooler: kill                          |
      | 2000 ms | 50 ms   | servers: hold before ReadyForQuery #1 |
    When the storm is over
    Then every judge is content
";
        assert_eq!(text(&shrunk, None), wanted);
        assert!(text(&shrunk, Some("panics")).contains("And the defect panics"));
    }
}
