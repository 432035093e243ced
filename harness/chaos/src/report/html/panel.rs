//! The panels of the timeline: throughput, latency, logins, and who is there.

use super::super::timeline::Bucket;
use super::frame::number;
use super::ink::Ink;

/// One panel: what it shows, and the meaning of its inks.
pub(super) struct Panel {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) keys: &'static [(Ink, &'static str)],
    pub(super) shows: Shows,
}

pub(super) enum Shows {
    /// Two counts on top of each other, as rates per second.
    Stack([Count; 2]),
    /// Milliseconds, over a logarithmic scale.
    Times(&'static [Line]),
    /// Numbers that were looked at now and then; between two looks the first one holds.
    Looks(&'static [Line]),
}

/// Something that is counted.
pub(super) type Count = (Ink, fn(&Bucket) -> u64);

pub(super) struct Line {
    pub(super) ink: Ink,
    pub(super) of: fn(&Bucket) -> Option<f64>,
}

const fn line(ink: Ink, of: fn(&Bucket) -> Option<f64>) -> Line {
    Line { ink, of }
}

pub(super) const PANELS: [Panel; 4] = [
    Panel {
        name: "throughput",
        title: "Requests per second",
        keys: &[(Ink::Ok, "ok"), (Ink::Failed, "failed")],
        shows: Shows::Stack([
            (Ink::Ok, |bucket| bucket.ok),
            (Ink::Failed, |bucket| bucket.failed),
        ]),
    },
    Panel {
        name: "latency",
        title: "Time to an answer",
        keys: &[(Ink::Median, "p50"), (Ink::Tail, "p99")],
        shows: Shows::Times(&[
            line(Ink::Tail, |bucket| bucket.p99_ms),
            line(Ink::Median, |bucket| bucket.p50_ms),
        ]),
    },
    Panel {
        name: "logins",
        title: "Logins per second",
        keys: &[
            (Ink::Ok, "ready"),
            (Ink::Failed, "refused, with the right password"),
        ],
        shows: Shows::Stack([
            (Ink::Ok, |bucket| bucket.logins_ok),
            (Ink::Failed, |bucket| bucket.logins_refused),
        ]),
    },
    Panel {
        name: "people",
        title: "Who is there",
        keys: &[
            (Ink::Clients, "clients"),
            (Ink::Servers, "servers"),
            (Ink::Leases, "leases"),
            (Ink::Waiters, "waiters"),
        ],
        shows: Shows::Looks(&[
            line(Ink::Clients, |bucket| Some(number(bucket.clients))),
            line(Ink::Servers, |bucket| some(bucket.servers)),
            line(Ink::Leases, |bucket| some(bucket.leases)),
            line(Ink::Waiters, |bucket| some(bucket.waiters)),
        ]),
    },
];

fn some(count: Option<i64>) -> Option<f64> {
    count.map(|count| number(count.unsigned_abs()))
}
