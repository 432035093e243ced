//! A fault in words, and back: schedules, events, reports and features all say it the same way.
//!
//! ```text
//!   servers: latency 200 ms            clients: reset
//!   servers: hold before ReadyForQuery #1
//!   servers: close inside byte 7 of DataRow
//!   PostgreSQL: restart fast           look-ups: slow 400 ms
//!   password: new for user 2           pooler: kill
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::fault::{Fault, LookUps, PoolerFault, ServerFault, Side, Stop, Trouble};
use super::point::{Action, Edge, Point};

/// These words name no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no fault: one is written like \"servers: hold before ReadyForQuery #1\"")]
pub struct NoFault(String);

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clients => "clients",
            Self::Servers => "servers",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { side, trouble } => write!(f, "{side}: {trouble}"),
            Self::AtPoint {
                side,
                point,
                action,
            } => write!(f, "{side}: {action} {point}"),
            Self::Server(fault) => write!(f, "PostgreSQL: {fault}"),
            Self::LookUps(fault) => write!(f, "look-ups: {fault}"),
            Self::Password { user, new } => {
                let which = if *new { "new" } else { "same" };
                write!(f, "password: {which} for user {user}")
            }
            Self::Pooler(fault) => write!(f, "pooler: {fault}"),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(ms) => write!(f, "latency {ms} ms"),
            Self::Bandwidth(rate) => write!(f, "bandwidth {rate} KB/s"),
            Self::Slices(bytes) => write!(f, "slices of {bytes} bytes"),
            Self::Reset => f.write_str("reset"),
            Self::Blackhole => f.write_str("blackhole"),
            Self::Down => f.write_str("down"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(ms) => write!(f, "delay {ms} ms"),
            Self::Hold => f.write_str("hold"),
            Self::Close => f.write_str("close"),
            Self::Reset => f.write_str("reset"),
            Self::Blackhole => f.write_str("blackhole"),
            Self::Truncate(bytes) => write!(f, "truncate {bytes} bytes"),
            Self::Split(bytes) => write!(f, "split {bytes} bytes"),
            Self::Error(sqlstate) => write!(f, "error {sqlstate}"),
            Self::Duplicate => f.write_str("duplicate"),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.edge {
            Edge::Before => f.write_str("before ")?,
            Edge::After => f.write_str("after ")?,
            Edge::Inside(offset) => write!(f, "inside byte {offset} of ")?,
        }
        f.write_str(&self.message)?;
        if self.nth > 0 {
            write!(f, " #{}", self.nth)?;
        }
        Ok(())
    }
}

const SERVER_FAULTS: [(&str, ServerFault); 7] = [
    ("restart fast", ServerFault::Restart(Stop::Fast)),
    ("restart immediate", ServerFault::Restart(Stop::Immediate)),
    ("restart kill", ServerFault::Restart(Stop::Kill)),
    ("freeze", ServerFault::Freeze),
    ("terminate all", ServerFault::TerminateAll),
    ("terminate one", ServerFault::TerminateOne),
    ("reload", ServerFault::Reload),
];

const POOLER_FAULTS: [(&str, PoolerFault); 6] = [
    ("reload", PoolerFault::Reload),
    ("reload changed", PoolerFault::ReloadChanged),
    ("reload broken", PoolerFault::ReloadBroken),
    ("kill", PoolerFault::Kill),
    ("drain", PoolerFault::Drain),
    ("pause", PoolerFault::Pause),
];

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&SERVER_FAULTS, self))
    }
}

impl fmt::Display for PoolerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&POOLER_FAULTS, self))
    }
}

impl fmt::Display for LookUps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("down"),
            Self::Silent => f.write_str("silent"),
            Self::Slow(ms) => write!(f, "slow {ms} ms"),
        }
    }
}

fn word<T: PartialEq>(table: &[(&'static str, T)], wanted: &T) -> &'static str {
    let found = table.iter().find(|(_, fault)| fault == wanted);
    found.map_or("", |(word, _)| word)
}

fn meant<T: Copy>(table: &[(&'static str, T)], text: &str) -> Option<T> {
    let found = table.iter().find(|(word, _)| *word == text);
    found.map(|(_, fault)| *fault)
}

impl FromStr for Fault {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        read(text.trim()).ok_or_else(|| NoFault(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Fault> {
    let (subject, rest) = text.split_once(": ")?;
    Some(match subject {
        "clients" => network(Side::Clients, rest)?,
        "servers" => network(Side::Servers, rest)?,
        "PostgreSQL" => Fault::Server(meant(&SERVER_FAULTS, rest)?),
        "pooler" => Fault::Pooler(meant(&POOLER_FAULTS, rest)?),
        "look-ups" => Fault::LookUps(match rest {
            "down" => LookUps::Down,
            "silent" => LookUps::Silent,
            slow => LookUps::Slow(between(slow, "slow ", " ms")?),
        }),
        "password" => {
            let (which, user) = rest.split_once(" for user ")?;
            let new = match which {
                "new" => true,
                "same" => false,
                _ => return None,
            };
            let user = user.parse().ok()?;
            Fault::Password { user, new }
        }
        _ => return None,
    })
}

fn network(side: Side, text: &str) -> Option<Fault> {
    if let Some(trouble) = trouble(text) {
        return Some(Fault::Network { side, trouble });
    }
    let edges = [" before ", " after ", " inside byte "];
    let at = edges.iter().find_map(|edge| text.find(edge))?;
    let (action, point) = text.split_at(at);
    Some(Fault::AtPoint {
        side,
        point: read_point(point.trim_start())?,
        action: read_action(action)?,
    })
}

fn trouble(text: &str) -> Option<Trouble> {
    Some(match text {
        "reset" => Trouble::Reset,
        "blackhole" => Trouble::Blackhole,
        "down" => Trouble::Down,
        _ if text.contains(" before ") || text.contains(" after ") => return None,
        _ => between(text, "latency ", " ms")
            .map(Trouble::Latency)
            .or_else(|| between(text, "bandwidth ", " KB/s").map(Trouble::Bandwidth))
            .or_else(|| between(text, "slices of ", " bytes").map(Trouble::Slices))?,
    })
}

fn read_action(text: &str) -> Option<Action> {
    Some(match text {
        "hold" => Action::Hold,
        "close" => Action::Close,
        "reset" => Action::Reset,
        "blackhole" => Action::Blackhole,
        "duplicate" => Action::Duplicate,
        _ => match text.strip_prefix("error ") {
            Some(sqlstate) => Action::Error(sqlstate.to_owned()),
            None => between(text, "delay ", " ms")
                .map(Action::Delay)
                .or_else(|| between(text, "truncate ", " bytes").map(Action::Truncate))
                .or_else(|| between(text, "split ", " bytes").map(Action::Split))?,
        },
    })
}

fn read_point(text: &str) -> Option<Point> {
    let (edge, rest) = if let Some(rest) = text.strip_prefix("before ") {
        (Edge::Before, rest)
    } else if let Some(rest) = text.strip_prefix("after ") {
        (Edge::After, rest)
    } else {
        let (offset, rest) = text.strip_prefix("inside byte ")?.split_once(" of ")?;
        (Edge::Inside(offset.parse().ok()?), rest)
    };
    let (message, nth) = match rest.split_once(" #") {
        Some((message, nth)) => (message, nth.parse().ok()?),
        None => (rest, 0),
    };
    let sound = !message.is_empty() && message.chars().all(|c| c.is_ascii_alphanumeric());
    sound.then(|| Point {
        message: message.to_owned(),
        edge,
        nth,
    })
}

fn between(text: &str, before: &str, after: &str) -> Option<u64> {
    let number = text.strip_prefix(before)?.strip_suffix(after)?;
    number.parse().ok()
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_to_the_same() {
        for text in [
            "servers: latency 200 ms",
            "clients: bandwidth 20 KB/s",
            "servers: slices of 3 bytes",
            "clients: reset",
            "servers: hold before ReadyForQuery #1",
            "servers: close inside byte 7 of DataRow",
            "clients: delay 200 ms after Query #2",
            "servers: truncate 3 bytes before AuthenticationSASLContinue",
            "servers: error 53300 before StartupMessage",
            "PostgreSQL: restart kill",
            "PostgreSQL: terminate one",
            "look-ups: slow 400 ms",
            "look-ups: silent",
            "password: same for user 0",
            "password: new for user 3",
            "pooler: reload broken",
        ] {
            let fault: Fault = text.parse().expect(text);
            assert_eq!(fault.to_string(), text);
        }
    }

    #[test]
    fn other_words_are_refused() {
        for text in [
            "",
            "servers",
            "servers: sing",
            "servers: hold at ReadyForQuery",
            "servers: hold before ",
            "servers: latency x ms",
            "pooler: sleep",
            "password: old for user 1",
            "weather: rain",
        ] {
            let told = text.parse::<Fault>().expect_err(text);
            assert!(told.to_string().contains("is no fault"), "{told}");
        }
    }
}
