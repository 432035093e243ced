//! The standard toxics of one line, in the order of their creation.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::faults::{Faults, Numbered};
use super::stage::{Leaving, Mark, Pull, Stage, Upstream};
use super::standard;
use crate::toxic::{Kind, Stream, Toxic};

#[derive(Default)]
pub(super) struct Chain {
    links: Vec<Link>,
}

/// One toxic, or what a removed one has left behind.
struct Link {
    number: u64,
    work: Work,
}

enum Work {
    Toxic(Fitted),
    Spill(VecDeque<Pull>),
}

struct Fitted {
    toxic: Arc<Toxic>,
    stage: Box<dyn Stage>,
    /// Its hit on this connection has been counted.
    counted: bool,
}

/// A toxic that was removed closes its connections.
pub(super) struct MustClose;

impl Chain {
    /// Makes the chain what the toxics are now.
    pub(super) fn refit(
        &mut self,
        faults: &Faults,
        toxics: &[Numbered],
        (stream, connection): (Stream, u64),
        now: Instant,
    ) -> Result<(), MustClose> {
        self.links.retain(|link| !link.is_spent());
        let mine = toxics.iter().filter(|other| other.toxic.stream == stream);
        let mine: Vec<&Numbered> = mine
            .filter(|other| takes_part(faults, &other.toxic, connection))
            .collect();
        for link in &mut self.links {
            let still = mine.iter().find(|other| other.number == link.number);
            link.refit(still.map(|numbered| &numbered.toxic), now)?;
        }
        for numbered in mine {
            self.enter(faults, numbered, connection, now);
        }
        Ok(())
    }

    fn enter(&mut self, faults: &Faults, numbered: &Numbered, connection: u64, now: Instant) {
        let number = numbered.number;
        let known = |link: &Link| link.number == number && matches!(link.work, Work::Toxic(_));
        let Kind::Standard(standard) = &numbered.toxic.kind else {
            return;
        };
        if self.links.iter().any(known) {
            return;
        }
        let mut dice = faults.dice(&numbered.toxic, connection);
        // The first throw was the toxicity's.
        dice.fraction();
        let fitted = Fitted {
            toxic: Arc::clone(&numbered.toxic),
            stage: standard::stage(standard, dice, now),
            counted: false,
        };
        let at = self.links.partition_point(|link| link.number <= number);
        let work = Work::Toxic(fitted);
        self.links.insert(at, Link { number, work });
    }

    pub(super) fn pull(&mut self, now: Instant, source: &mut dyn Upstream) -> Pull {
        pull(&mut self.links, now, source)
    }

    /// Data waits that nothing in this chain has taken: what lets nothing through has acted.
    pub(super) fn blocks(&mut self) {
        for link in &mut self.links {
            if let Work::Toxic(fitted) = &mut link.work {
                fitted.count();
            }
        }
    }
}

/// Whether a toxic applies to a connection: the same answer whenever it is asked.
pub(super) fn takes_part(faults: &Faults, toxic: &Toxic, connection: u64) -> bool {
    faults.dice(toxic, connection).fraction() < f64::from(toxic.toxicity)
}

fn pull(links: &mut [Link], now: Instant, source: &mut dyn Upstream) -> Pull {
    let Some((last, before)) = links.split_last_mut() else {
        return source.pull(now);
    };
    let mut upstream = Before {
        links: before,
        source,
        gave: false,
    };
    match &mut last.work {
        Work::Spill(left) => left.pop_front().unwrap_or_else(|| upstream.pull(now)),
        Work::Toxic(fitted) => {
            let pull = fitted.stage.pull(now, &mut upstream);
            if upstream.gave || matches!(pull, Pull::Mark(Mark::Close | Mark::Reset)) {
                fitted.count();
            }
            pull
        }
    }
}

/// The part of a chain that stands before a stage.
struct Before<'a> {
    links: &'a mut [Link],
    source: &'a mut dyn Upstream,
    gave: bool,
}

impl Upstream for Before<'_> {
    fn pull(&mut self, now: Instant) -> Pull {
        let pull = pull(self.links, now, self.source);
        self.gave |= !matches!(pull, Pull::Wait(_));
        pull
    }
}

impl Link {
    fn refit(&mut self, toxic: Option<&Arc<Toxic>>, now: Instant) -> Result<(), MustClose> {
        let Work::Toxic(fitted) = &mut self.work else {
            return Ok(());
        };
        let Some(toxic) = toxic else {
            return self.leave();
        };
        if Arc::ptr_eq(toxic, &fitted.toxic) {
            return Ok(());
        }
        if let Kind::Standard(standard) = &toxic.kind {
            fitted.stage.refit(standard, now);
        }
        fitted.toxic = Arc::clone(toxic);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), MustClose> {
        let work = std::mem::replace(&mut self.work, Work::Spill(VecDeque::new()));
        let Work::Toxic(fitted) = work else {
            return Ok(());
        };
        match fitted.stage.leave() {
            Leaving::Close => Err(MustClose),
            Leaving::Pass(left) => {
                self.work = Work::Spill(left);
                Ok(())
            }
        }
    }

    fn is_spent(&self) -> bool {
        matches!(&self.work, Work::Spill(left) if left.is_empty())
    }
}

impl Fitted {
    fn count(&mut self) {
        if !self.counted {
            self.counted = true;
            self.toxic.hit(0);
        }
    }
}
