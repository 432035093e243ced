//! The kinds of work, each in a file of its own: what is asked, and what the answer has to be read as.

mod ask;
mod cancelled;
mod copy;
mod lists;
mod mail;
mod mark;
mod pipeline;
mod prepared;
mod total;
mod transfer;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::line::Tongue;
use super::scene::Scene;
use crate::dice::Dice;

/// One kind of work, or one way to do it.
#[derive(Debug)]
pub(super) struct Trick {
    pub(super) name: &'static str,
    /// How often it is chosen, beside the others.
    pub(super) weight: u64,
    /// Whether only a driver can do it.
    pub(super) driver_only: bool,
    pub(super) play: Play,
}

/// Asks, waits and notes; the scene knows how it went.
pub(super) type Play = for<'a> fn(&'a mut Scene<'_>) -> BoxFuture<'a, ()>;

/// What clients do. It grows: a later kind of work adds its line.
pub(super) const TRICKS: &[Trick] = &[
    any(14, "ask, simple", |scene| ask::simple(scene).boxed()),
    driver(10, "ask, prepared", |scene| prepared::play(scene).boxed()),
    driver(10, "ask, unnamed", |scene| ask::unnamed(scene).boxed()),
    driver(5, "ask, pipelined", |scene| pipeline::play(scene).boxed()),
    any(8, "ask, in a transaction", |scene| {
        ask::in_transaction(scene).boxed()
    }),
    any(6, "mark", |scene| mark::play(scene).boxed()),
    any(12, "transfer", |scene| transfer::play(scene).boxed()),
    any(4, "total", |scene| total::play(scene).boxed()),
    any(12, "lists", |scene| lists::play(scene).boxed()),
    any(5, "copy in", |scene| copy::into(scene).boxed()),
    any(5, "copy out", |scene| copy::out(scene).boxed()),
    any(6, "mail", |scene| mail::play(scene).boxed()),
    any(2, "cancelled", |scene| cancelled::play(scene).boxed()),
];

/// What is worth leaving in the middle of: much to read, much to send, a lock that is held.
pub(super) const TO_LEAVE: &[Play] = &[
    |scene| ask::long(scene).boxed(),
    |scene| copy::long_in(scene).boxed(),
    |scene| copy::long_out(scene).boxed(),
    |scene| transfer::play(scene).boxed(),
    |scene| lists::play(scene).boxed(),
    |scene| cancelled::without_cancel(scene).boxed(),
];

const fn any(weight: u64, name: &'static str, play: Play) -> Trick {
    Trick {
        name,
        weight,
        driver_only: false,
        play,
    }
}

const fn driver(weight: u64, name: &'static str, play: Play) -> Trick {
    Trick {
        driver_only: true,
        ..any(weight, name, play)
    }
}

/// One that this kind of connection can do, by chance.
pub(super) fn choose(dice: &mut Dice, tongue: Tongue) -> &'static Trick {
    let fitting = || TRICKS.iter().filter(|trick| trick.fits(tongue));
    let mut left = dice.below(fitting().map(|trick| trick.weight).sum());
    for trick in fitting() {
        if left < trick.weight {
            return trick;
        }
        left -= trick.weight;
    }
    &TRICKS[0]
}

impl Trick {
    pub(super) fn fits(&self, tongue: Tongue) -> bool {
        tongue == Tongue::Driver || !self.driver_only
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_chosen_where_it_can_be_done() {
        let mut dice = Dice::new(1, "tricks");
        let mut chosen = |tongue| {
            let names = (0..2_000).map(|_| choose(&mut dice, tongue).name);
            names.collect::<BTreeSet<_>>().len()
        };
        let of_drivers = TRICKS.iter().filter(|trick| trick.driver_only).count();
        assert_eq!(chosen(Tongue::Driver), TRICKS.len());
        assert_eq!(chosen(Tongue::Wire), TRICKS.len() - of_drivers);
    }
}
