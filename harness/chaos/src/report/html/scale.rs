//! The upright axis of a panel.

/// From where to where, and what has a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) bottom: f64,
    pub(super) top: f64,
    pub(super) ticks: Vec<f64>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linear,
    /// A logarithm of milliseconds: 0 is 1 ms, 3 is a second.
    Logarithmic,
}

/// More labels than this would stand too close.
const LABELS: f64 = 4.0;

impl Scale {
    /// From 0 to a little above `most`, in round steps.
    pub(super) fn linear(most: f64) -> Self {
        let most = most.max(1.0);
        let rough = most / LABELS;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * magnitude);
        let step = steps.into_iter().find(|step| *step >= rough);
        // Nobody counts halves of a request.
        let step = step.unwrap_or(most).max(1.0);
        let ticks = (0..=10).map(|n| f64::from(n) * step);
        Self {
            bottom: 0.0,
            top: most * 1.06,
            ticks: ticks.filter(|tick| *tick <= most * 1.06).collect(),
            kind: Kind::Linear,
        }
    }

    /// Whole powers of ten around these milliseconds.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for power in values.map(power) {
            least = least.min(power);
            most = most.max(power);
        }
        if least > most {
            (least, most) = (0.0, 1.0);
        }
        let bottom = least.floor();
        let top = most.ceil().max(bottom + 1.0);
        let powers = (-3..=9).map(f64::from);
        Self {
            bottom,
            top,
            ticks: powers.filter(|p| (bottom..=top).contains(p)).collect(),
            kind: Kind::Logarithmic,
        }
    }

    /// Where a value lies between bottom and top.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear => value,
            Kind::Logarithmic => power(value),
        }
    }

    pub(super) fn label(&self, tick: f64) -> String {
        match self.kind {
            Kind::Linear => grouped(tick),
            Kind::Logarithmic if tick >= 3.0 => format!("{} s", 10_f64.powf(tick - 3.0)),
            Kind::Logarithmic => format!("{} ms", 10_f64.powf(tick)),
        }
    }
}

/// A microsecond is the least that there is.
fn power(ms: f64) -> f64 {
    ms.max(1e-3).log10()
}

/// A whole number with its thousands apart.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks.iter().map(|tick| scale.label(*tick)).collect()
    }

    #[test]
    fn a_linear_scale_has_round_labels() {
        assert_eq!(labels(&Scale::linear(0.0)), ["0", "1"]);
        assert_eq!(labels(&Scale::linear(7.0)), ["0", "2", "4", "6"]);
        let wanted = ["0", "200", "400", "600"];
        assert_eq!(labels(&Scale::linear(743.0)), wanted);
        let wanted = ["0", "500", "1,000", "1,500"];
        assert_eq!(labels(&Scale::linear(1_730.0)), wanted);
    }

    #[test]
    fn a_logarithmic_scale_has_powers_of_ten() {
        let scale = Scale::logarithmic([0.7, 42.0, 4_100.0].into_iter());
        let wanted = ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s"];
        assert_eq!(labels(&scale), wanted);
        let empty = Scale::logarithmic(std::iter::empty());
        assert_eq!(labels(&empty), ["1 ms", "10 ms"]);
    }
}
