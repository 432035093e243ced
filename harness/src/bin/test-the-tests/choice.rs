//! Which faults run: all, or a half that a day chooses. Days come in pairs: what the first one of a
//! pair leaves out is what the second one tries.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{SystemTime, UNIX_EPOCH};

use super::table::Fault;

/// Days since 1970.
pub(crate) fn today() -> u64 {
    let past = SystemTime::now().duration_since(UNIX_EPOCH);
    past.map_or(0, |past| past.as_secs() / 86_400)
}

/// The chosen half and the other one. What an even seed leaves out is what the next one chooses.
pub(crate) fn halves(mut faults: Vec<Fault>, seed: u64) -> (Vec<Fault>, Vec<Fault>) {
    faults.sort_by_key(|fault| shuffled(&fault.name, seed / 2));
    let rest = faults.split_off(faults.len().div_ceil(2));
    if seed.is_multiple_of(2) {
        (faults, rest)
    } else {
        (rest, faults)
    }
}

fn shuffled(name: &str, seed: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, seed).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::table::How;
    use super::*;

    #[test]
    fn two_days_of_a_pair_choose_everything_once() {
        let fault = |name: &str| Fault {
            name: name.to_owned(),
            how: How::Patch,
            noticers: Vec::new(),
        };
        let all = || ["a", "b", "c", "d", "e"].map(fault).to_vec();
        for even in [20, 22, 24] {
            let (first, left_out) = halves(all(), even);
            assert_eq!(halves(all(), even + 1), (left_out.clone(), first.clone()));
            let mut both = [first, left_out].concat();
            both.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(both, all());
        }
    }
}
