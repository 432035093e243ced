//! What a client, and the pump for it, may send next; with all that can come of it.

use super::Say;
use super::main_loop::Server;
use super::said::{Described, Fate, Request, Statement};

/// How much there is to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Menu {
    /// Every message with every end of it.
    Full,
    /// What COPY IN meets: a smaller choice, for longer conversations.
    Copy,
}

const FATES: [Fate; 2] = [Fate::Works, Fate::Fails];

/// What a Query may hold beside nothing.
const QUERIES: &[&[Statement]] = &[
    &[],
    &[Statement::Rows],
    &[Statement::Fails],
    &[Statement::Rows, Statement::Fails],
    &[Statement::Begin],
    &[Statement::End],
    &[Statement::Doomed],
    &[Statement::CopyOut],
    &[Statement::CopyIn],
    &[Statement::CopyInRefused],
    &[Statement::CopyIn, Statement::Rows],
    &[Statement::CopyIn, Statement::Fails],
    &[Statement::CopyIn, Statement::CopyIn],
];

const EXECUTED: [Statement; 9] = [
    Statement::Rows,
    Statement::Suspended,
    Statement::Empty,
    Statement::Fails,
    Statement::Doomed,
    Statement::Begin,
    Statement::End,
    Statement::CopyOut,
    Statement::CopyIn,
];

impl Menu {
    /// Where the end of a message does not matter, each message is there once.
    pub(super) fn offers(self, server: &Server) -> Vec<Say> {
        let mut says = Vec::new();
        if server.is_copying() {
            says.extend(FATES.map(Request::CopyData).map(Say::Client));
            says.extend(FATES.map(Request::CopyDone).map(Say::Client));
            says.extend([Request::CopyFail, Request::Flush].map(Say::Client));
            self.any(&mut says);
        } else if server.is_skipping() {
            says.extend([Request::CopyData(Fate::Works), Request::CopyFail].map(Say::Client));
            self.any(&mut says);
        } else if self == Self::Copy {
            Self::about_copy(&mut says);
        } else {
            Self::all(server, &mut says);
        }
        says
    }

    /// Messages that are skipped, or that end a COPY IN and the connection; and Sync.
    fn any(self, says: &mut Vec<Say>) {
        const SOME: [Request; 4] = [
            Request::Sync,
            Request::Query(&[Statement::Rows]),
            Request::Parse(Fate::Works),
            Request::Close,
        ];
        const MORE: [Request; 5] = [
            Request::FunctionCall(Fate::Works),
            Request::Bind(Fate::Works),
            Request::Describe(Described::Portal),
            Request::Execute(Statement::Rows),
            Request::Flush,
        ];
        says.extend(SOME.map(Say::Client));
        says.push(Say::Prepared(Fate::Works));
        if self == Self::Full {
            says.extend(MORE.map(Say::Client));
            says.extend([Say::PreparedAnew, Say::StandIn, Say::Evicting]);
        }
    }

    fn about_copy(says: &mut Vec<Say>) {
        const REQUESTS: [Request; 13] = [
            Request::Query(&[Statement::Rows]),
            Request::Query(&[Statement::CopyIn]),
            Request::Query(&[Statement::CopyInRefused]),
            Request::Parse(Fate::Works),
            Request::Parse(Fate::Fails),
            Request::Execute(Statement::Rows),
            Request::Execute(Statement::CopyIn),
            Request::Execute(Statement::CopyInRefused),
            Request::Close,
            Request::Sync,
            Request::Flush,
            Request::CopyData(Fate::Works),
            Request::CopyDone(Fate::Works),
        ];
        says.extend(REQUESTS.map(Say::Client));
        says.push(Say::Prepared(Fate::Works));
    }

    fn all(server: &Server, says: &mut Vec<Say>) {
        let mut fates = FATES.to_vec();
        if server.is_failed() {
            fates.push(Fate::WorksInFailed);
        }
        let mut requests: Vec<Request> = Vec::new();
        requests.extend(QUERIES.iter().copied().map(Request::Query));
        requests.extend(FATES.map(Request::FunctionCall));
        requests.extend(fates.iter().copied().map(Request::Parse));
        requests.extend(fates.iter().copied().map(Request::Bind));
        requests.extend(
            [
                Described::Statement,
                Described::StatementWithoutRows,
                Described::Portal,
                Described::Nothing,
            ]
            .map(Request::Describe),
        );
        requests.extend(EXECUTED.map(Request::Execute));
        requests.push(Request::Execute(Statement::CopyInRefused));
        requests.extend([
            Request::Close,
            Request::Sync,
            Request::Flush,
            Request::CopyData(Fate::Works),
            Request::CopyFail,
        ]);
        says.extend(requests.into_iter().map(Say::Client));
        says.extend(FATES.map(Say::Parameters));
        says.extend(FATES.map(Say::Prepared));
        says.extend([Say::PreparedAnew, Say::StandIn, Say::Evicting]);
    }
}
