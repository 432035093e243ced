//! What is to be done with one message, step by step, when toxics have fired at it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::dice::Dice;
use super::holds::Ticket;
use crate::pg::message::Name;
use crate::pg::reply;
use crate::toxic::protocol::{Action, Edge, Protocol, Severity};
use crate::toxic::{Kind, Stream, Toxic};

/// One step.
#[derive(Debug)]
pub(super) enum Op {
    Send(Bytes),
    /// The part of the message that has not been read yet.
    Rest {
        left: usize,
        way: Way,
    },
    Delay(Duration),
    Until(Instant),
    Hold {
        name: String,
        toxic: String,
        message: Name,
        timeout: Option<Duration>,
    },
    Held {
        ticket: Ticket,
        until: Option<Instant>,
    },
    /// Bytes for the client, whichever line this is.
    Tell {
        bytes: Bytes,
        and_close: bool,
    },
    Close,
    Reset,
    /// By the toxic of this number.
    Blackhole(u64),
    Upgrade,
}

/// Whether bytes go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Pass,
    Drop,
}

/// A toxic that fires at the message in hand.
pub(super) struct Fired<'a> {
    pub(super) number: u64,
    pub(super) toxic: &'a Toxic,
    pub(super) dice: &'a mut Dice,
}

/// A message as it came.
pub(super) struct Message {
    pub(super) name: Name,
    pub(super) stream: Stream,
    /// Its first bytes, all of them if `rest` is 0.
    pub(super) bytes: Bytes,
    pub(super) rest: usize,
    /// The transaction status that the client was told last.
    pub(super) status: u8,
}

/// The steps, and whether the client's messages up to its Sync are to be thrown away, as PostgreSQL
/// does after an error in the extended protocol.
pub(super) fn write(message: &Message, fired: Vec<Fired<'_>>) -> (VecDeque<Op>, bool) {
    let mut script = Script {
        before: Vec::new(),
        body: vec![Op::Send(message.bytes.clone())],
        way: Way::Pass,
        after: Vec::new(),
        skip: false,
    };
    for fired in fired {
        if let Kind::Protocol(protocol) = &fired.toxic.kind {
            script.add(
                message,
                protocol,
                fired.number,
                &fired.toxic.name,
                fired.dice,
            );
        }
    }
    let mut ops: VecDeque<Op> = script.before.into();
    ops.extend(script.body);
    if message.rest > 0 {
        ops.push_back(Op::Rest {
            left: message.rest,
            way: script.way,
        });
    }
    ops.extend(script.after);
    (ops, script.skip)
}

struct Script {
    before: Vec<Op>,
    body: Vec<Op>,
    way: Way,
    after: Vec<Op>,
    skip: bool,
}

impl Script {
    fn add(
        &mut self,
        message: &Message,
        protocol: &Protocol,
        number: u64,
        toxic: &str,
        dice: &mut Dice,
    ) {
        let edge = protocol.point.edge;
        match &protocol.action {
            Action::Delay { delay, jitter } => {
                let delay = delay.saturating_add_signed(dice.around(*jitter));
                self.at(edge, Op::Delay(Duration::from_millis(delay)));
            }
            Action::Hold { name, timeout } => {
                let hold = Op::Hold {
                    name: name.clone().unwrap_or_else(|| toxic.to_owned()),
                    toxic: toxic.to_owned(),
                    message: message.name,
                    timeout: (*timeout > 0).then(|| Duration::from_millis(*timeout)),
                };
                self.at(edge, hold);
            }
            Action::Close => self.at(edge, Op::Close),
            Action::Reset => self.at(edge, Op::Reset),
            Action::Blackhole => self.at(edge, Op::Blackhole(number)),
            Action::Truncate { bytes } => self.truncate(*bytes),
            Action::Split { size, delay } => self.split(*size, Duration::from_millis(*delay)),
            Action::Error {
                severity,
                sqlstate,
                message: text,
            } => {
                let bytes = reply::error(severity.as_str(), sqlstate, text);
                self.error(message, edge, bytes, *severity != Severity::Error);
            }
            Action::Replace(replacement) => {
                let own = has_type(message.name).then(|| message.bytes.first().copied());
                self.body = vec![Op::Send(replacement.bytes(own.flatten()))];
                self.way = Way::Drop;
            }
            Action::Duplicate { count } => {
                // One that does not fit into memory can only go once.
                let copies = if message.rest == 0 { *count } else { 0 };
                for _ in 0..copies {
                    self.body.push(Op::Send(message.bytes.clone()));
                }
            }
            Action::Swallow => self.swallow(),
        }
    }

    fn at(&mut self, edge: Edge, op: Op) {
        match edge {
            Edge::Before => self.before.push(op),
            Edge::After => self.after.push(op),
            Edge::Inside(offset) => {
                let at = self.cut(offset);
                self.body.insert(at, op);
            }
        }
    }

    fn error(&mut self, message: &Message, edge: Edge, bytes: Bytes, fatal: bool) {
        if message.stream == Stream::Downstream {
            let mut steps = vec![Op::Send(bytes)];
            if fatal {
                steps.push(Op::Close);
            }
            // In this order at any edge.
            match edge {
                Edge::Before => self.before.append(&mut steps),
                Edge::After => self.after.append(&mut steps),
                Edge::Inside(offset) => {
                    let at = self.cut(offset);
                    self.body.splice(at..at, steps);
                }
            }
            return;
        }
        let ready = matches!(message.name, "Query" | "FunctionCall") && !fatal;
        self.at(
            edge,
            Op::Tell {
                bytes,
                and_close: fatal,
            },
        );
        if edge == Edge::After {
            return;
        }
        // In the message's place: the server never sees it.
        self.swallow();
        if ready {
            let bytes = reply::ready_for_query(message.status);
            let and_close = false;
            self.at(edge, Op::Tell { bytes, and_close });
        }
        self.skip = !fatal
            && matches!(
                message.name,
                "Parse" | "Bind" | "Describe" | "Execute" | "Close"
            );
    }

    fn swallow(&mut self) {
        self.body.retain(|op| !matches!(op, Op::Send(_)));
        self.way = Way::Drop;
    }

    fn truncate(&mut self, bytes: usize) {
        let at = self.cut(bytes);
        self.body.truncate(at);
        self.body.push(Op::Close);
        self.way = Way::Drop;
    }

    fn split(&mut self, size: usize, delay: Duration) {
        let mut pieces = Vec::new();
        for op in std::mem::take(&mut self.body) {
            let Op::Send(mut bytes) = op else {
                pieces.push(op);
                continue;
            };
            while !bytes.is_empty() {
                pieces.push(Op::Send(bytes.split_to(size.min(bytes.len()))));
                if !delay.is_zero() && !bytes.is_empty() {
                    pieces.push(Op::Delay(delay));
                }
            }
        }
        self.body = pieces;
    }

    /// Where in the body so many bytes have gone; cuts what lies across.
    fn cut(&mut self, offset: usize) -> usize {
        let mut left = offset;
        let mut at = 0;
        while let Some(op) = self.body.get_mut(at) {
            if left == 0 {
                return at;
            }
            if let Op::Send(bytes) = op {
                if bytes.len() > left {
                    let first = bytes.split_to(left);
                    self.body.insert(at, Op::Send(first));
                    return at + 1;
                }
                left -= bytes.len();
            }
            at += 1;
        }
        at
    }
}

/// Whether a message begins with a type byte.
fn has_type(name: Name) -> bool {
    !matches!(
        name,
        "StartupMessage"
            | "SSLRequest"
            | "GSSENCRequest"
            | "CancelRequest"
            | "SSLResponse"
            | "GSSENCResponse"
    )
}
