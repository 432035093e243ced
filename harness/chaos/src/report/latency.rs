//! How long things took, as percentiles.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::history::Micros;

/// Milliseconds until an answer, whatever it was. `None` when there was no answer at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50_ms: Option<f64>,
    pub p90_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub max_ms: Option<f64>,
}

/// Takes times down.
#[derive(Debug, Clone)]
pub(super) struct Times(Histogram<u32>);

impl Times {
    pub(super) fn new() -> Self {
        let resizing = Histogram::new(3);
        Self(resizing.expect("three digits are within the range that a histogram has"))
    }

    pub(super) fn take(&mut self, from: Micros, to: Micros) {
        // A histogram that resizes takes every value; saturating does not lengthen it.
        self.0 += to.saturating_sub(from).max(1);
    }

    /// Milliseconds that so many percent did not exceed.
    pub(super) fn percentile(&self, percent: f64) -> Option<f64> {
        let some = !self.0.is_empty();
        some.then(|| ms(self.0.value_at_percentile(percent)))
    }

    pub(super) fn latency(&self) -> Latency {
        Latency {
            p50_ms: self.percentile(50.0),
            p90_ms: self.percentile(90.0),
            p99_ms: self.percentile(99.0),
            max_ms: self.percentile(100.0),
        }
    }
}

/// Microseconds as milliseconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact for runs shorter than a century"
)]
pub(super) fn ms(micros: Micros) -> f64 {
    micros as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_taken() {
        let mut times = Times::new();
        for at in 1..=100 {
            times.take(5_000, 5_000 + at * 1_000);
        }
        let latency = times.latency();
        let near = |told: Option<f64>, wanted: f64| {
            let told = told.expect("a time");
            assert!((told - wanted).abs() / wanted < 0.01, "{told} for {wanted}");
        };
        near(latency.p50_ms, 50.0);
        near(latency.p90_ms, 90.0);
        near(latency.p99_ms, 99.0);
        near(latency.max_ms, 100.0);
    }

    #[test]
    fn of_nothing_there_is_none() {
        assert_eq!(Times::new().latency(), Latency::default());
    }
}
