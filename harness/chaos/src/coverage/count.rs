//! From cells that were reached to numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::{self, Act, can_be};
use super::state::State;
use super::{Coverage, Missed, Part};

/// Counts what was reached among all that can be.
pub(super) fn count(reached: &BTreeSet<(Act, State)>, sees_inside: bool, unseen: u64) -> Coverage {
    let mut coverage = Coverage {
        unseen,
        ..Coverage::default()
    };
    let (mut points, mut actions, mut states) =
        (Table::default(), Table::default(), Table::default());
    for act in cell::all() {
        let possible = State::ALL
            .into_iter()
            .filter(|state| can_be(&act, *state, sees_inside));
        let (there, missing): (Vec<State>, Vec<State>) =
            possible.partition(|state| reached.contains(&(act.clone(), *state)));
        for (state, is) in there
            .iter()
            .map(|s| (s, true))
            .chain(missing.iter().map(|s| (s, false)))
        {
            points.add(act.point(), is);
            actions.add(act.action.to_owned(), is);
            states.add(state.to_string(), is);
            coverage.possible += 1;
            coverage.reached += u64::from(is);
        }
        if there.is_empty() {
            coverage.never.push(act.to_string());
        } else if !missing.is_empty() {
            coverage.missed.push(Missed {
                act: act.to_string(),
                states: missing,
            });
        }
    }
    coverage.points = points.parts();
    coverage.actions = actions.parts();
    coverage.states = states.parts();
    coverage
}

#[derive(Default)]
struct Table(BTreeMap<String, (u64, u64)>);

impl Table {
    fn add(&mut self, name: String, reached: bool) {
        let (there, possible) = self.0.entry(name).or_default();
        *there += u64::from(reached);
        *possible += 1;
    }

    fn parts(self) -> Vec<Part> {
        let part = |(name, (reached, possible))| Part {
            name,
            reached,
            possible,
        };
        self.0.into_iter().map(part).collect()
    }
}
