//! Counts and gauges, handed around as arguments.

pub mod values;
