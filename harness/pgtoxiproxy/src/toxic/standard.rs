//! The attributes of Toxiproxy's own toxics. Times are in milliseconds where nothing else is said.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::refused::Refused;

/// A toxic that knows nothing but bytes and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    Noop,
    /// Each chunk leaves at its arrival + `latency` ± `jitter`.
    Latency {
        latency: u64,
        jitter: u64,
    },
    /// `rate` in KB/s (1 KB = 1000 bytes); 0 lets nothing flow.
    Bandwidth {
        rate: u64,
    },
    /// Delays only the close.
    SlowClose {
        delay: u64,
    },
    /// Drops everything, and closes after `timeout`; 0 = never. Its removal closes too.
    Timeout {
        timeout: u64,
    },
    /// Resets the connection (RST) after `timeout`.
    ResetPeer {
        timeout: u64,
    },
    /// Cuts into slices of `average_size` ± `size_variation` bytes, `delay` microseconds apart.
    Slicer {
        average_size: u64,
        size_variation: u64,
        delay: u64,
    },
    /// Lets so many bytes through, then closes.
    LimitData {
        bytes: u64,
    },
}

impl Standard {
    /// The toxic of this type, all of its attributes 0.
    pub fn of_type(type_name: &str) -> Option<Self> {
        Some(match type_name {
            "noop" => Self::Noop,
            "latency" => Self::Latency {
                latency: 0,
                jitter: 0,
            },
            "bandwidth" => Self::Bandwidth { rate: 0 },
            "slow_close" => Self::SlowClose { delay: 0 },
            "timeout" => Self::Timeout { timeout: 0 },
            "reset_peer" => Self::ResetPeer { timeout: 0 },
            "slicer" => Self::Slicer {
                average_size: 0,
                size_variation: 0,
                delay: 0,
            },
            "limit_data" => Self::LimitData { bytes: 0 },
            _ => return None,
        })
    }

    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::SlowClose { .. } => "slow_close",
            Self::Timeout { .. } => "timeout",
            Self::ResetPeer { .. } => "reset_peer",
            Self::Slicer { .. } => "slicer",
            Self::LimitData { .. } => "limit_data",
        }
    }

    /// With these attributes laid over its own. Unknown ones are ignored, as Toxiproxy does.
    pub fn patched(&self, attributes: &Map<String, Value>) -> Result<Self, Refused> {
        let mut patched = *self;
        for (name, value) in patched.values() {
            if let Some(given) = Fields::new(attributes).count(name)? {
                *value = given;
            }
        }
        patched.checked()
    }

    pub fn attributes(&self) -> Map<String, Value> {
        let mut copy = *self;
        let values = copy.values().into_iter();
        values
            .map(|(name, value)| (name.to_owned(), Value::from(*value)))
            .collect()
    }

    /// Its attributes by name.
    fn values(&mut self) -> Vec<(&'static str, &mut u64)> {
        match self {
            Self::Noop => vec![],
            Self::Latency { latency, jitter } => vec![("latency", latency), ("jitter", jitter)],
            Self::Bandwidth { rate } => vec![("rate", rate)],
            Self::SlowClose { delay } => vec![("delay", delay)],
            Self::Timeout { timeout } | Self::ResetPeer { timeout } => vec![("timeout", timeout)],
            Self::Slicer {
                average_size,
                size_variation,
                delay,
            } => vec![
                ("average_size", average_size),
                ("size_variation", size_variation),
                ("delay", delay),
            ],
            Self::LimitData { bytes } => vec![("bytes", bytes)],
        }
    }

    /// Slices of no bytes would never get anywhere.
    fn checked(self) -> Result<Self, Refused> {
        match self {
            Self::Slicer {
                average_size: 0, ..
            } => Err(Refused::body("average_size must be at least 1")),
            Self::Slicer {
                average_size,
                size_variation,
                ..
            } if size_variation > average_size => Err(Refused::body(
                "size_variation must not be larger than average_size",
            )),
            sound => Ok(sound),
        }
    }
}
