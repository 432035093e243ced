//! The schedule of a run: a pure function of the order, written down before the run begins.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::deck::{Deck, events, network};
use super::fault::Fault;
use crate::dice::Dice;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub seed: u64,
    /// How long faults may happen.
    pub seconds: u64,
    pub clients: usize,
    pub users: usize,
}

/// A fault's place in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Milliseconds from the beginning of the storm.
    pub at: u64,
    /// Milliseconds that it stays; what happens in a moment has a length all the same, in which
    /// nothing else of its kind happens.
    #[serde(rename = "for")]
    pub length: u64,
    pub fault: Fault,
}

/// Everything that will be done to pooler, network and PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    #[serde(flatten)]
    pub order: Order,
    /// In the order of their beginning.
    pub faults: Vec<Planned>,
}

/// The first fault comes no earlier than this, so that there is work to disturb. Milliseconds.
const FIRST: u64 = 500;

impl Schedule {
    /// The schedule of this seed: faults of the network on one track, events at the pooler and at
    /// PostgreSQL on another; on each one after the other, over each other as it comes.
    pub fn of(order: &Order) -> Self {
        let mut faults = Vec::new();
        for (name, deck) in [("network", network()), ("events", events(order.users))] {
            let mut dice = Dice::new(order.seed, name);
            track(&mut faults, &deck, &mut dice, order.seconds * 1_000);
        }
        faults.sort_by_key(|planned| planned.at);
        Self {
            order: order.clone(),
            faults,
        }
    }

    /// The file: JSON with a fault a line, so that two schedules can be compared by eye.
    pub fn text(&self) -> String {
        let Order {
            seed,
            seconds,
            clients,
            users,
        } = self.order;
        let mut text = format!(
            "{{\"seed\": {seed}, \"seconds\": {seconds}, \"clients\": {clients}, \"users\": {users},\n \"faults\": [\n"
        );
        for (at, planned) in self.faults.iter().enumerate() {
            let comma = if at + 1 < self.faults.len() { "," } else { "" };
            let Planned { at, length, fault } = planned;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "  {{\"at\": {at}, \"for\": {length}, \"fault\": \"{fault}\"}}{comma}"
            );
        }
        text.push_str("]}\n");
        text
    }
}

/// Deals the deck again and again until the time is over.
fn track(faults: &mut Vec<Planned>, deck: &Deck, dice: &mut Dice, until: u64) {
    let mut at = FIRST;
    let mut cards = Vec::new();
    loop {
        at += dice.between(deck.gap.0, deck.gap.1);
        if cards.is_empty() {
            cards = deck.shuffled(dice);
        }
        let Some(card) = cards.pop() else { return };
        let length = dice.between(card.length.0, card.length.1);
        // All faults are over when the storm is.
        if at + length > until {
            return;
        }
        let fault = card.fault;
        faults.push(Planned { at, length, fault });
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seed: u64, seconds: u64) -> Order {
        Order {
            seed,
            seconds,
            clients: 24,
            users: 8,
        }
    }

    #[test]
    fn a_seed_is_a_schedule_byte_for_byte() {
        let text = |seed| Schedule::of(&order(seed, 60)).text();
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn the_file_reads_back() {
        let schedule = Schedule::of(&order(3, 60));
        let read: Schedule = serde_json::from_str(&schedule.text()).expect("JSON");
        assert_eq!(read, schedule);
    }

    #[test]
    fn faults_lie_within_the_storm_in_order() {
        for seed in 0..50 {
            let schedule = Schedule::of(&order(seed, 20));
            assert!(schedule.faults.len() > 15, "seed {seed}");
            assert!(schedule.faults.is_sorted_by_key(|planned| planned.at));
            let end = schedule.faults.iter().map(|p| p.at + p.length).max();
            assert!(end <= Some(20_000), "seed {seed}");
        }
    }

    #[test]
    fn a_minute_has_every_kind_of_event() {
        for seed in 0..50 {
            let schedule = Schedule::of(&order(seed, 60));
            let words: Vec<String> = schedule
                .faults
                .iter()
                .map(|p| p.fault.to_string())
                .collect();
            for kind in [
                "restart",
                "freeze",
                "terminate",
                "password",
                "look-ups",
                "kill",
                "reload",
            ] {
                assert!(
                    words.iter().any(|w| w.contains(kind)),
                    "{kind}, seed {seed}"
                );
            }
        }
    }
}
