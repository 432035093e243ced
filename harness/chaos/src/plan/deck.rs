//! What can happen, as two decks of cards: each is dealt to its end before it is shuffled again, so
//! that a minute has seen every kind of event. Decks grow: a later feature adds its card.

use super::fault::{Fault, LookUps, PoolerFault, ServerFault, Side, Stop, Trouble};
use super::point::{Action, Edge, Point};
use crate::dice::Dice;

/// Cards that are dealt one after the other.
pub(super) struct Deck {
    cards: Vec<Card>,
    /// Milliseconds between the end of one and the beginning of the next.
    pub(super) gap: (u64, u64),
}

#[derive(Clone)]
pub(super) struct Card {
    /// Milliseconds.
    pub(super) length: (u64, u64),
    pub(super) fault: Fault,
}

impl Deck {
    pub(super) fn shuffled(&self, dice: &mut Dice) -> Vec<Card> {
        let mut cards = self.cards.clone();
        dice.shuffle(&mut cards);
        cards
    }
}

/// Faults of the network: plain ones, and those at every point of the protocol.
pub(super) fn network() -> Deck {
    let mut cards = Vec::new();
    for side in [Side::Clients, Side::Servers] {
        cards.extend(PLAIN.map(|(trouble, length)| Card {
            length,
            fault: Fault::Network { side, trouble },
        }));
        cards.extend(points(side).map(|(point, action)| Card {
            length: stays(&action),
            fault: Fault::AtPoint {
                side,
                point,
                action,
            },
        }));
    }
    let gap = (150, 500);
    Deck { cards, gap }
}

/// Everything that is ever done at a point of the protocol.
pub fn at_points() -> impl Iterator<Item = (Side, Point, Action)> {
    let on = |side| points(side).map(move |(point, action)| (side, point, action));
    on(Side::Clients).chain(on(Side::Servers))
}

const PLAIN: [(Trouble, (u64, u64)); 7] = [
    (Trouble::Latency(20), (400, 1_200)),
    (Trouble::Latency(200), (300, 900)),
    (Trouble::Bandwidth(20), (300, 900)),
    (Trouble::Slices(3), (300, 900)),
    (Trouble::Reset, (50, 150)),
    (Trouble::Blackhole, (300, 900)),
    (Trouble::Down, (100, 500)),
];

/// Messages on the way to a server, and back, until it is ready.
const LOGIN: [&str; 14] = [
    "SSLRequest",
    "SSLResponse",
    "StartupMessage",
    "AuthenticationSASL",
    "SASLInitialResponse",
    "AuthenticationSASLContinue",
    "SASLResponse",
    "AuthenticationSASLFinal",
    "AuthenticationMD5Password",
    "PasswordMessage",
    "AuthenticationOk",
    "ParameterStatus",
    "BackendKeyData",
    "CancelRequest",
];

/// Messages of the work.
const WORK: [&str; 14] = [
    "Query",
    "Parse",
    "Bind",
    "Execute",
    "Sync",
    "RowDescription",
    "DataRow",
    "CommandComplete",
    "ReadyForQuery",
    "CopyInResponse",
    "CopyOutResponse",
    "CopyData",
    "CopyDone",
    "Terminate",
];

/// Where a server can refuse with an error of its own; the SQLSTATEs are those of a full and of a
/// starting server, and of one that is shut down.
const REFUSALS: [(&str, &str); 5] = [
    ("StartupMessage", "53300"),
    ("StartupMessage", "57P03"),
    ("SASLInitialResponse", "53300"),
    ("Query", "57P01"),
    ("Parse", "57P01"),
];

fn points(side: Side) -> impl Iterator<Item = (Point, Action)> {
    let messages = LOGIN.into_iter().chain(WORK);
    let everywhere = messages.flat_map(|message| {
        actions()
            .into_iter()
            .map(move |(edge, action)| (point(message, edge, 0), action))
    });
    let refused = REFUSALS.map(|(message, sqlstate)| {
        let action = Action::Error(sqlstate.to_owned());
        (point(message, Edge::Before, 0), action)
    });
    // One more than was asked for is noticed only where nothing is under way.
    let twice = (point("ReadyForQuery", Edge::Before, 1), Action::Duplicate);
    let servers_only = refused.into_iter().chain([twice]);
    everywhere.chain(servers_only.filter(move |_| side == Side::Servers))
}

fn actions() -> [(Edge, Action); 9] {
    [
        (Edge::Before, Action::Delay(100)),
        (Edge::Before, Action::Hold),
        (Edge::After, Action::Hold),
        (Edge::Before, Action::Close),
        (Edge::After, Action::Close),
        (Edge::Before, Action::Reset),
        (Edge::Before, Action::Blackhole),
        (Edge::Before, Action::Truncate(3)),
        (Edge::Before, Action::Split(2)),
    ]
}

fn point(message: &str, edge: Edge, nth: u64) -> Point {
    Point {
        message: message.to_owned(),
        edge,
        nth,
    }
}

fn stays(action: &Action) -> (u64, u64) {
    match action {
        Action::Hold => (300, 1_200),
        Action::Blackhole => (300, 900),
        _ => (200, 700),
    }
}

/// Events at the pooler, at PostgreSQL and at the users.
pub(super) fn events(users: usize) -> Deck {
    let server = |fault| Fault::Server(fault);
    let pooler = |fault| Fault::Pooler(fault);
    let password = |user: usize, new| Fault::Password {
        user: user % users.max(1),
        new,
    };
    let cards = [
        (server(ServerFault::Restart(Stop::Fast)), (300, 900)),
        (server(ServerFault::Restart(Stop::Immediate)), (100, 500)),
        (server(ServerFault::Restart(Stop::Kill)), (100, 500)),
        (server(ServerFault::Freeze), (300, 1_500)),
        (server(ServerFault::TerminateAll), (100, 300)),
        (server(ServerFault::TerminateOne), (100, 300)),
        (server(ServerFault::TerminateOne), (100, 300)),
        (server(ServerFault::Reload), (100, 300)),
        (Fault::LookUps(LookUps::Down), (300, 1_500)),
        (Fault::LookUps(LookUps::Silent), (300, 1_500)),
        (Fault::LookUps(LookUps::Slow(400)), (500, 1_500)),
        (password(0, true), (100, 300)),
        (password(1, false), (100, 300)),
        (password(2, true), (100, 300)),
        (password(3, false), (100, 300)),
        (pooler(PoolerFault::Reload), (100, 300)),
        (pooler(PoolerFault::ReloadChanged), (500, 2_000)),
        (pooler(PoolerFault::ReloadBroken), (300, 900)),
        (pooler(PoolerFault::Kill), (100, 500)),
        (pooler(PoolerFault::Drain), (100, 500)),
        (pooler(PoolerFault::Pause), (300, 1_200)),
    ];
    let cards = cards.map(|(fault, length)| Card { length, fault });
    Deck {
        cards: cards.to_vec(),
        gap: (500, 1_300),
    }
}
