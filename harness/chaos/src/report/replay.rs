//! How to play the same schedule again.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::history::{FaultSpan, History, Phase, Setting};
use crate::plan::{Order, Schedule};

/// A command, and where its schedule comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    pub command: String,
    /// Whether the faults that happened are those of the seed. In a run that was given a schedule of
    /// its own they are not, and only its `schedule.json` replays it.
    pub from_seed: bool,
}

impl Replay {
    pub(super) fn of(history: &History) -> Self {
        let from_seed = follows_seed(history);
        let setting = &history.setting;
        let command = if from_seed {
            of_seed(setting)
        } else {
            let variables = variables(setting);
            format!("{variables}ci/chaos --schedule schedule.json")
        };
        Self { command, from_seed }
    }
}

fn of_seed(setting: &Setting) -> String {
    let (seed, minutes) = (setting.seed, minutes(setting.storm_ms / 1_000));
    let mut command = format!(
        "make chaos SEED={seed} MINUTES={minutes} CLIENTS={} USERS={} {}",
        setting.clients,
        setting.users.len(),
        variables(setting),
    );
    command.truncate(command.trim_end().len());
    command
}

fn variables(setting: &Setting) -> String {
    let mut text = format!("POOLER={} ", setting.pooler);
    if !setting.provider.is_empty() {
        let _ = write!(text, "PG_PROVIDER={} ", setting.provider);
    }
    if let Some(defect) = &setting.defect {
        let _ = write!(text, "DEFECT={defect} ");
    }
    text
}

/// With as many digits as give the same seconds again.
fn minutes(seconds: u64) -> String {
    let (whole, rest) = (seconds / 60, seconds % 60);
    // Ten thousandths of a minute are 6 ms: rounding to seconds takes the error away.
    let digits = format!("{whole}.{:04}", (rest * 10_000 + 30) / 60);
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// Whether each fault is the one that the seed puts in its place, and none of those that it puts
/// before the end of the storm is missing.
fn follows_seed(history: &History) -> bool {
    let setting = &history.setting;
    let planned = Schedule::of(&Order {
        seed: setting.seed,
        seconds: setting.storm_ms / 1_000,
        clients: setting.clients,
        users: setting.users.len(),
    });
    let there = |span: &FaultSpan| {
        let place = span.number.checked_sub(1);
        let planned = place.and_then(|place| planned.faults.get(place));
        planned.is_some_and(|planned| planned.fault == span.fault)
    };
    let storm = history
        .began(Phase::Calm)
        .saturating_sub(history.began(Phase::Storm));
    let whole = storm / 1_000 >= setting.storm_ms;
    history.faults.iter().all(there) && (!whole || history.faults.len() == planned.faults.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_give_the_same_seconds_again() {
        assert_eq!(minutes(60), "1");
        assert_eq!(minutes(90), "1.5");
        for seconds in 1..4_000 {
            let read: f64 = minutes(seconds).parse().expect("a number");
            let back = format!("{:.0}", (read * 60.0).round());
            assert_eq!(back, seconds.to_string());
        }
    }
}
