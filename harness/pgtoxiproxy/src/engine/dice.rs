//! Random decisions that a seed replays: each toxic of each connection has a stream of its own, so
//! what one of them throws does not depend on what else happens.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The random numbers of one toxic on one connection.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice for what these words and numbers name, under this seed.
    pub fn new(seed: u64, words: &[&str], number: u64) -> Self {
        let mut hash = Fnv::default();
        for word in words {
            hash.add(word.as_bytes());
            hash.add(&[0]);
        }
        hash.add(&number.to_le_bytes());
        Self(ChaCha8Rng::seed_from_u64(seed ^ hash.0))
    }

    /// From 0, never 1.
    pub fn fraction(&mut self) -> f64 {
        // The 53 bits that a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let bits = (self.0.next_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// From `-spread` to `+spread`, both included.
    pub fn around(&mut self, spread: u64) -> i64 {
        let spread = i64::try_from(spread)
            .unwrap_or(i64::MAX / 4)
            .min(i64::MAX / 4);
        let width = spread.unsigned_abs() * 2 + 1;
        let throw = i64::try_from(self.0.next_u64() % width).unwrap_or(0);
        throw - spread
    }
}

/// FNV-1a: the hash must be the same in every build, for a seed to mean the same.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_names_throw_the_same_and_others_do_not() {
        let throw = |words: &[&str], number| {
            let mut dice = Dice::new(7, words, number);
            (0..8).map(|_| dice.around(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throw(&["a", "b"], 1), throw(&["a", "b"], 1));
        assert_ne!(throw(&["a", "b"], 1), throw(&["a", "b"], 2));
        assert_ne!(throw(&["ab", ""], 1), throw(&["a", "b"], 1));
    }

    #[test]
    fn throws_stay_within_their_bounds() {
        let mut dice = Dice::new(1, &["bounds"], 0);
        for _ in 0..1000 {
            assert!((-3..=3).contains(&dice.around(3)));
            assert!((0.0..1.0).contains(&dice.fraction()));
        }
        assert_eq!(dice.around(0), 0);
    }
}
