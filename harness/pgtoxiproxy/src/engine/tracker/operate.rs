//! The steps of a script, done one after the other.

use tokio::time::Instant;

use super::{Place, Tracker};
use crate::engine::holds::Held;
use crate::engine::script::Op;
use crate::engine::shared::{Shared, Told};
use crate::engine::stage::{Mark, Pull};
use crate::pg::message::Name;

impl Tracker {
    /// Does a step, or comes back to it later; `None` = the next one's turn.
    pub(super) fn operate(&mut self, op: Op, now: Instant, shared: &mut Shared) -> Option<Pull> {
        match op {
            Op::Send(bytes) => (!bytes.is_empty()).then_some(Pull::Chunk(bytes)),
            Op::Rest { left, way } => {
                self.place = Place::Rest { left, way };
                self.after = std::mem::take(&mut self.ops);
                None
            }
            Op::Delay(delay) => self.until(now + delay, now),
            Op::Until(until) => self.until(until, now),
            Op::Hold {
                name,
                toxic,
                message,
                timeout,
            } => {
                let held = self.held(name, toxic, message, shared);
                let ticket = shared.faults.holds.wait(held, now);
                let until = timeout.map(|timeout| now + timeout);
                Some(self.wait(Op::Held { ticket, until }, until))
            }
            Op::Held { ticket, until } => {
                if ticket.is_released() || until.is_some_and(|until| until <= now) {
                    return None;
                }
                Some(self.wait(Op::Held { ticket, until }, until))
            }
            Op::Tell { bytes, and_close } => {
                shared.to_client.push_back(Told { bytes, and_close });
                None
            }
            Op::Close => Some(Pull::Mark(Mark::Close)),
            Op::Reset => Some(Pull::Mark(Mark::Reset)),
            Op::Blackhole(number) => {
                shared.blackhole = Some(number);
                None
            }
            Op::Upgrade => Some(Pull::Mark(Mark::Upgrade)),
        }
    }

    fn until(&mut self, until: Instant, now: Instant) -> Option<Pull> {
        if until <= now {
            return None;
        }
        Some(self.wait(Op::Until(until), Some(until)))
    }

    /// The step is still to be done.
    fn wait(&mut self, op: Op, until: Option<Instant>) -> Pull {
        self.ops.push_front(op);
        Pull::Wait(until)
    }

    fn held(&self, name: String, toxic: String, message: Name, shared: &Shared) -> Held {
        let who = shared.talk.who.as_ref();
        Held {
            name,
            toxic,
            connection: shared.connection.number,
            stream: self.stream,
            message,
            user: who.map(|who| who.user.clone()),
            database: who.map(|who| who.database.clone()),
            seconds: 0.0,
        }
    }
}
