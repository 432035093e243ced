//! Where things lie in a plot: one drawing for phones and one for wider screens, with the same margins
//! in every panel, so that all share one axis of time.

use super::super::summary::Summary;

/// Plots are drawn so many times as large as they are shown: their coordinates are whole numbers.
pub(super) const UNIT: u32 = 10;

/// A size to draw for, in pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    /// The class that the style sheet shows or hides.
    pub(super) class: &'static str,
    pub(super) width: u32,
    pub(super) left: u32,
    pub(super) right: u32,
    /// How tall a panel is.
    pub(super) height: u32,
    pub(super) font: u32,
    /// How many labels the axis of time has room for.
    pub(super) labels: u32,
}

impl Frame {
    pub(super) const NARROW: Self = Self {
        class: "narrow",
        width: 360,
        left: 80,
        right: 6,
        height: 104,
        font: 13,
        labels: 6,
    };
    pub(super) const WIDE: Self = Self {
        class: "wide",
        width: 960,
        left: 84,
        right: 12,
        height: 128,
        font: 13,
        labels: 14,
    };
    pub(super) const ALL: [Self; 2] = [Self::NARROW, Self::WIDE];

    /// The margins as the style sheet says them: where the part between them begins, and how wide it
    /// is, of the whole.
    pub(super) fn shares(&self) -> String {
        let share = |length: u32| f64::from(length) * 100.0 / f64::from(self.width);
        format!(
            "--left:{:.4}%;--inner:{:.4}%",
            share(self.left),
            share(self.inner())
        )
    }

    /// The width of the part that lies between the margins.
    pub(super) fn inner(&self) -> u32 {
        self.width - self.left - self.right
    }
}

/// The axis of time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    pub(super) end: f64,
}

/// Distances between labels, in seconds.
const STEPS: [u32; 14] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200,
];

impl Axis {
    pub(super) fn of(summary: &Summary) -> Self {
        let buckets = &summary.timeline.buckets;
        let last = buckets.last().map_or(0, |bucket| bucket.at_ms);
        let end = last + summary.timeline.bucket_ms;
        Self {
            end: number(end.max(1)),
        }
    }

    /// Where a moment lies, from 0 to 1.
    pub(super) fn share(self, at_ms: f64) -> f64 {
        (at_ms / self.end).clamp(0.0, 1.0)
    }

    /// The moments that have a label, in milliseconds.
    pub(super) fn ticks(self, labels: u32) -> Vec<f64> {
        let step = |seconds: u32| f64::from(seconds) * 1e3;
        let fits = |seconds: &&u32| self.end / step(**seconds) <= f64::from(labels);
        let chosen = STEPS.iter().find(fits).copied().unwrap_or(14_400);
        let ticks = (0..).map(|n: u32| f64::from(n) * step(chosen));
        ticks.take_while(|at| *at <= self.end).collect()
    }

    /// A moment as the axis says it: seconds, in long runs minutes and seconds or hours too.
    pub(super) fn label(self, at_ms: f64) -> String {
        let seconds = whole(at_ms / 1e3);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        if self.end < 120_000.0 {
            format!("{seconds} s")
        } else if self.end < 3_600_000.0 {
            format!("{minutes}:{:02}", seconds % 60)
        } else {
            format!("{hours}:{minutes:02} h")
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and lies within a picture or a run"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "for a picture")]
pub(super) fn number(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_fit() {
        for (seconds, labels, wanted) in [
            (24.0, 6, ["0 s", "5 s", "10 s"]),
            (90.0, 6, ["0 s", "15 s", "30 s"]),
            (600.0, 6, ["0:00", "2:00", "4:00"]),
            (4_000.0, 6, ["0:00 h", "0:15 h", "0:30 h"]),
        ] {
            let axis = Axis { end: seconds * 1e3 };
            let ticks = axis.ticks(labels);
            assert!(ticks.len() <= 7, "{seconds}");
            let told: Vec<String> = ticks.iter().map(|at| axis.label(*at)).collect();
            assert_eq!(told[..3], wanted);
        }
    }
}
