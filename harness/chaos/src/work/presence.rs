//! A session that has logged in.

use crate::history::{Leaving, What};

use super::desk::Desk;

/// It leaves exactly once: whoever drops it has left in the middle of something.
#[derive(Debug)]
pub(super) struct Presence<'a> {
    desk: &'a Desk,
    session: u64,
    how: Leaving,
}

impl<'a> Presence<'a> {
    pub(super) fn begin(desk: &'a Desk, session: u64) -> Self {
        desk.tally.logins.up();
        desk.tally.clients.up();
        desk.recorder.note(What::LoggedIn { session });
        Self {
            desk,
            session,
            how: Leaving::RudeInAction,
        }
    }

    pub(super) fn left(mut self, how: Leaving) {
        self.how = how;
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.desk.tally.clients.down();
        let (session, how) = (self.session, self.how);
        self.desk.recorder.note(What::Left { session, how });
    }
}
