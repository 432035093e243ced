//! Which candidate is next, and what an outcome means: delta debugging over the list of faults
//! (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input"), then fewer clients,
//! then less time.

use std::collections::VecDeque;

use crate::plan::{Planned, Schedule};

/// How large a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub faults: usize,
    pub clients: usize,
    pub seconds: u64,
}

impl Size {
    pub fn of(schedule: &Schedule) -> Self {
        Self {
            faults: schedule.faults.len(),
            clients: schedule.order.clients,
            seconds: schedule.order.seconds,
        }
    }
}

/// Asks for one candidate after the other: [`Search::next`], then [`Search::learn`] whether it is red.
#[derive(Debug)]
pub struct Search {
    /// The smallest that is known to be red.
    best: Schedule,
    stage: Stage,
    asked: Option<Schedule>,
    queue: VecDeque<Schedule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Window,
    /// In so many parts.
    Faults(usize),
    Clients,
    Seconds,
    Over,
}

impl Search {
    /// From a run that was red within its first `seconds`.
    pub fn new(schedule: &Schedule, seconds: u64) -> Self {
        let mut search = Self {
            best: schedule.clone(),
            stage: Stage::Window,
            asked: None,
            queue: VecDeque::new(),
        };
        if seconds < schedule.order.seconds {
            search.queue.push_back(cut(schedule, seconds));
        }
        search
    }

    /// The next candidate; none when nothing smaller is left to try.
    #[expect(clippy::should_implement_trait, reason = "each next waits for a learn")]
    pub fn next(&mut self) -> Option<Schedule> {
        while self.queue.is_empty() {
            self.stage = self.following();
            if self.stage == Stage::Over {
                return None;
            }
            self.queue = self.candidates().into();
        }
        self.asked = self.queue.pop_front();
        self.asked.clone()
    }

    /// Whether the candidate that was asked for last is red.
    pub fn learn(&mut self, is_red: bool) {
        let Some(asked) = self.asked.take().filter(|_| is_red) else {
            return;
        };
        self.best = asked;
        self.queue.clear();
        // What is smaller now is tried in fewer parts again, as long as there are several.
        self.stage = match self.stage {
            Stage::Faults(parts) => Stage::Faults((parts / 2).max(1)),
            Stage::Window => Stage::Window,
            stage => {
                self.queue = self.candidates().into();
                stage
            }
        };
    }

    fn following(&self) -> Stage {
        let faults = self.best.faults.len();
        match self.stage {
            Stage::Window if faults > 0 => Stage::Faults(1),
            Stage::Faults(parts) if parts < faults => Stage::Faults((parts * 2).min(faults)),
            Stage::Window | Stage::Faults(_) => Stage::Clients,
            Stage::Clients => Stage::Seconds,
            Stage::Seconds | Stage::Over => Stage::Over,
        }
    }

    fn candidates(&self) -> Vec<Schedule> {
        let best = &self.best;
        match self.stage {
            Stage::Window | Stage::Over => Vec::new(),
            // None at all, to begin with.
            Stage::Faults(1) => vec![with(best, Vec::new())],
            Stage::Faults(parts) => without_parts(best, parts),
            Stage::Clients => [best.order.clients / 4, best.order.clients / 2]
                .into_iter()
                .filter(|clients| *clients > 0)
                .map(|clients| crowd(best, clients))
                .collect(),
            Stage::Seconds => {
                let needed = best.faults.iter().map(|p| p.at + p.length).max();
                let needed = needed.unwrap_or(0).div_ceil(1_000);
                [best.order.seconds / 4, best.order.seconds / 2]
                    .into_iter()
                    .filter(|seconds| *seconds > needed)
                    .map(|seconds| cut(best, seconds))
                    .collect()
            }
        }
    }
}

/// Each one lacks one of so many parts of the faults; those that keep one part only come first.
fn without_parts(best: &Schedule, parts: usize) -> Vec<Schedule> {
    let size = best.faults.len().div_ceil(parts).max(1);
    let chunks: Vec<&[Planned]> = best.faults.chunks(size).collect();
    let alone = chunks.iter().map(|chunk| chunk.to_vec());
    let mut lists: Vec<Vec<Planned>> = alone.collect();
    if chunks.len() > 2 {
        lists.extend((0..chunks.len()).map(|left_out| {
            let kept = chunks.iter().enumerate().filter(|(at, _)| *at != left_out);
            kept.flat_map(|(_, chunk)| chunk.iter().cloned()).collect()
        }));
    }
    let smaller = lists
        .into_iter()
        .filter(|list| list.len() < best.faults.len());
    smaller.map(|faults| with(best, faults)).collect()
}

fn with(best: &Schedule, faults: Vec<Planned>) -> Schedule {
    Schedule {
        faults,
        ..best.clone()
    }
}

fn crowd(best: &Schedule, clients: usize) -> Schedule {
    let mut smaller = best.clone();
    smaller.order.clients = clients;
    // A schedule speaks of users by number: as many stay.
    smaller
}

fn cut(best: &Schedule, seconds: u64) -> Schedule {
    let mut shorter = best.clone();
    shorter.order.seconds = seconds.max(1);
    let end = shorter.order.seconds * 1_000;
    shorter
        .faults
        .retain(|planned| planned.at + planned.length <= end);
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Order;

    fn schedule() -> Schedule {
        Schedule::of(&Order {
            seed: 5,
            seconds: 40,
            clients: 24,
            users: 8,
        })
    }

    /// Searches with a rule instead of runs; how many it asked for, and the smallest.
    fn search(red: impl Fn(&Schedule) -> bool) -> (usize, Schedule) {
        let mut search = Search::new(&schedule(), 40);
        let mut asked = 0;
        while let Some(candidate) = search.next() {
            asked += 1;
            assert!(asked < 500, "it never ends");
            let is_red = red(&candidate);
            search.learn(is_red);
        }
        (asked, search.best)
    }

    #[test]
    fn one_guilty_fault_is_found() {
        let guilty = schedule().faults[17].clone();
        let (asked, best) = search(|candidate| candidate.faults.contains(&guilty));
        assert_eq!(best.faults, std::slice::from_ref(&guilty));
        assert!(best.order.clients < 3, "{:?}", best.order);
        assert!(best.order.seconds <= (guilty.at + guilty.length) / 1_000 * 2 + 2);
        assert!(asked < 60, "{asked}");
    }

    #[test]
    fn two_that_need_each_other_are_kept() {
        let all = schedule().faults;
        let (one, other) = (all[3].clone(), all[30].clone());
        let (asked, best) = search(|candidate| {
            candidate.faults.contains(&one) && candidate.faults.contains(&other)
        });
        assert_eq!(best.faults, [one, other]);
        assert!(asked < 200, "{asked}");
    }

    #[test]
    fn what_needs_no_fault_keeps_none() {
        let (asked, best) = search(|_| true);
        assert_eq!(
            Size::of(&best),
            Size {
                faults: 0,
                clients: 1,
                seconds: 1
            }
        );
        assert!(asked < 20, "{asked}");
    }

    #[test]
    fn what_can_not_be_smaller_stays() {
        let whole = schedule();
        let (_, best) = search(|candidate| *candidate == whole);
        assert_eq!(best, whole);
    }

    #[test]
    fn the_search_begins_with_the_time_up_to_the_complaint() {
        let mut search = Search::new(&schedule(), 10);
        let first = search.next().expect("a candidate");
        assert_eq!(first.order.seconds, 10);
        assert!(first.faults.len() < schedule().faults.len());
    }
}
