//! What must hold, and how often it was put to the test.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    OnePool,
    NeverSwept,
    FailureIsOwn,
    NothingLost,
    Resolves,
    HandedOn,
    OneProbe,
}

pub const ALL: [Property; 7] = [
    Property::OnePool,
    Property::NeverSwept,
    Property::FailureIsOwn,
    Property::NothingLost,
    Property::Resolves,
    Property::HandedOn,
    Property::OneProbe,
];

impl Property {
    pub fn words(self) -> &'static str {
        match self {
            Self::OnePool => "at most one live pool per key",
            Self::NeverSwept => "a needed pool is never swept",
            Self::FailureIsOwn => "a failure never removes another's pool",
            Self::NothingLost => "no entry is lost, none stays behind",
            Self::Resolves => "every guard resolves, Superseded is the only other answer",
            Self::HandedOn => "the probe is always handed on",
            Self::OneProbe => "one login probes at a time",
        }
    }
}

/// Executions so far.
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);
/// Executions that put each property to the test.
static JUDGED: [AtomicU64; ALL.len()] = [const { AtomicU64::new(0) }; ALL.len()];
/// Those that this execution already did.
static THIS_TIME: [AtomicBool; ALL.len()] = [const { AtomicBool::new(false) }; ALL.len()];

/// A prober went without a verdict, or a joiner left, in this execution.
static VANISHED: AtomicBool = AtomicBool::new(false);

/// Forgets what belongs to the execution before.
pub fn begin_execution() {
    EXECUTIONS.fetch_add(1, Ordering::Relaxed);
    VANISHED.store(false, Ordering::Relaxed);
    for seen in &THIS_TIME {
        seen.store(false, Ordering::Relaxed);
    }
}

/// This execution could have violated `property`: what it speaks of did happen.
pub fn judge(property: Property) {
    let n = property as usize;
    if !THIS_TIME[n].swap(true, Ordering::Relaxed) {
        JUDGED[n].fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends the execution, and with it the process. A panic, so that shuttle prints its schedule.
pub fn violated(property: Property, what: &str) -> ! {
    panic!("{}: {what}", property.words())
}

pub fn executions() -> u64 {
    EXECUTIONS.load(Ordering::Relaxed)
}

pub fn judged() -> [u64; ALL.len()] {
    std::array::from_fn(|n| JUDGED[n].load(Ordering::Relaxed))
}

pub fn vanish() {
    VANISHED.store(true, Ordering::Relaxed);
}

/// What a checker's own complaint is about, that nobody can go on. Went a prober without a verdict,
/// its probe was not handed on.
pub fn of_deadlock() -> Property {
    if VANISHED.load(Ordering::Relaxed) {
        Property::HandedOn
    } else {
        Property::Resolves
    }
}
