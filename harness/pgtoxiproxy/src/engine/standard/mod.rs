//! The stages of Toxiproxy's own toxics, one file a toxic.

mod bandwidth;
mod clock;
mod latency;
mod limit_data;
mod noop;
mod reset_peer;
mod slicer;
mod slow_close;
mod tap;
mod timeout;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod script;

use tokio::time::Instant;

use self::bandwidth::Bandwidth;
use self::latency::Latency;
use self::limit_data::LimitData;
use self::noop::Noop;
use self::reset_peer::ResetPeer;
use self::slicer::Slicer;
use self::slow_close::SlowClose;
use self::timeout::Timeout;
use super::dice::Dice;
use super::stage::Stage;
use crate::toxic::Standard;

/// The stage for a toxic that has just met a connection.
pub fn stage(standard: &Standard, dice: Dice, now: Instant) -> Box<dyn Stage> {
    match *standard {
        Standard::Noop => Box::<Noop>::default(),
        Standard::Latency { latency, jitter } => Box::new(Latency::new(latency, jitter, dice)),
        Standard::Bandwidth { rate } => Box::new(Bandwidth::new(rate, now)),
        Standard::SlowClose { delay } => Box::new(SlowClose::new(delay)),
        Standard::Timeout { timeout } => Box::new(Timeout::new(timeout, now)),
        Standard::ResetPeer { timeout } => Box::new(ResetPeer::new(timeout, now)),
        Standard::Slicer {
            average_size,
            size_variation,
            delay,
        } => Box::new(Slicer::new(average_size, size_variation, delay, dice, now)),
        Standard::LimitData { bytes } => Box::new(LimitData::new(bytes)),
    }
}
