//! When two conversations are the same: they go on in the same ways.

use std::hash::{DefaultHasher, Hash as _, Hasher};

use super::conversation::Conversation;
use super::said::Answer;

impl Conversation {
    /// All of the state, messages counted back from the last one. The few collisions of 64 bits hide as
    /// few states.
    pub(super) fn key(&self) -> u64 {
        let mut hasher = Bytes(Vec::with_capacity(512));
        let age = |id: u32| self.sent - id;
        self.server.hash_without_ids(age, &mut hasher);
        let lengths = [
            self.on_the_way.len(),
            self.notes.len(),
            self.turn.queue.len(),
        ];
        lengths.hash(&mut hasher);
        for answer in &self.on_the_way {
            let Answer {
                tag,
                status,
                to,
                completes,
            } = *answer;
            (tag, status, age(to), completes).hash(&mut hasher);
        }
        for (id, note) in &self.notes {
            (age(*id), note).hash(&mut hasher);
        }
        (self.flushed, self.batch_closed).hash(&mut hasher);
        (self.probes, self.ended, &self.expected, self.lent).hash(&mut hasher);
        self.direct.hash_without_ids(|_| 0, &mut hasher);
        self.hash_turn(age, &mut hasher);
        hasher.finish()
    }

    /// All of the turn's state, without the numbers of its effects.
    fn hash_turn(&self, age: impl Fn(u32) -> u32, hasher: &mut Bytes) {
        let turn = &self.turn;
        for owed in &turn.queue {
            let effect = owed.effect.map(&age);
            (owed.kind, owed.owner, owed.show_as, effect, owed.doubtful).hash(hasher);
        }
        (turn.status.as_byte(), turn.skip, turn.copying_in).hash(hasher);
        turn.batch_open.hash(hasher);
    }
}

/// Gathers what is hashed, so that it is hashed in one go: unoptimised, that is three times as fast.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn write_isize(&mut self, discriminant: isize) {
        self.0.push(discriminant.to_le_bytes()[0]); // of an enum of ours
    }

    fn finish(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.0);
        hasher.finish()
    }
}
