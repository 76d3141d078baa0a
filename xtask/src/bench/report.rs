//! Measurements and their output.

use hdrhistogram::Histogram;
use std::time::Duration;

/// Latencies with a resolution of 0.1 %, in microseconds.
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "three digits is a precision that the crate supports")]
        Self(Histogram::new(3).expect("a histogram of three digits"))
    }
}

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        self.0 += u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    }

    pub fn add(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Returns the latency that `percent` of all stay below, in milliseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64 / 1000.0
    }

    pub fn summary(&self) -> String {
        format!(
            "p50 {:.2} ms   p99 {:.2} ms   max {:.2} ms",
            self.percentile(50.0),
            self.percentile(99.0),
            self.percentile(100.0)
        )
    }
}

/// Prints a line of the report.
pub fn line(name: &str, value: impl std::fmt::Display) {
    println!("{name:<44} {value}");
}
