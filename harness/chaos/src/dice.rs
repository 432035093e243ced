//! Choices that follow from a seed and a name, the same on every machine and in every later version.
//!
//! Everything that a run chooses comes from here: the schedule, and what each client does next. A name
//! gives a stream of its own, so that one client's choices don't depend on how fast another was.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A stream of choices.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of this name under this seed.
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a: a hash whose values are written down, unlike the standard library's.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(ChaCha8Rng::seed_from_u64(seed ^ hash.rotate_left(32)))
    }

    /// A number below `bound`; 0 when that is 0. The bias of the remainder is below 2^-32 here.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        self.0.next_u64() % bound
    }

    /// A number from `low` up to and with `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Whether something happens that does in so many of a hundred cases.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none to choose from.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        assert!(!choices.is_empty(), "nothing to choose from");
        let at = self.below(choices.len() as u64);
        &choices[usize::try_from(at).unwrap_or(0)]
    }

    /// An index below `length`, for lists.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Puts them into an order of chance.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.index(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes these numbers changes every schedule that was ever written down.
    #[test]
    fn the_streams_are_written_down() {
        let mut dice = Dice::new(7, "schedule");
        let drawn: Vec<u64> = (0..4).map(|_| dice.below(1_000)).collect();
        assert_eq!(drawn, WRITTEN_DOWN);
    }

    #[test]
    fn a_name_has_its_own_stream() {
        let mut one = Dice::new(7, "client 1");
        let mut two = Dice::new(7, "client 2");
        assert_ne!(one.below(u64::MAX), two.below(u64::MAX));
    }

    #[test]
    fn a_shuffle_keeps_what_there_was() {
        let mut list: Vec<u32> = (0..20).collect();
        Dice::new(1, "shuffle").shuffle(&mut list);
        assert_ne!(list, (0..20).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..20).collect::<Vec<_>>());
    }

    const WRITTEN_DOWN: [u64; 4] = [899, 424, 148, 828];
}
