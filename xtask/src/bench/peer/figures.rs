//! What one measurement of a peer gives, and what all of them give together.

use crate::bench::load::Outcome;
use crate::bench::report::line;
use std::time::Duration;

pub struct Figures {
    /// Webhooks a second.
    rate: f64,
    /// Milliseconds.
    p50: f64,
    p99: f64,
    /// Microseconds of processor time a webhook.
    cost: f64,
    generator: f64,
}

/// A name, the figure, and how many digits of it matter.
type Kind = (&'static str, fn(&Figures) -> f64, usize);

const KINDS: [Kind; 4] = [
    ("webhooks a second", |figures| figures.rate, 0),
    ("p50, ms", |figures| figures.p50, 2),
    ("p99, ms", |figures| figures.p99, 2),
    ("processor time a webhook, µs", |figures| figures.cost, 0),
];

impl Figures {
    /// `peer` and `generator`: the processor time that each took.
    pub fn new(outcome: &Outcome, peer: Duration, generator: Duration) -> Self {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / outcome.answered.max(1) as f64;
        Self {
            rate: outcome.answered as f64 / outcome.elapsed.as_secs_f64(),
            p50: outcome.latencies.percentile(50.0),
            p99: outcome.latencies.percentile(99.0),
            cost: each(peer),
            generator: each(generator),
        }
    }

    pub fn print(&self, name: &str) {
        let Self { rate, p50, p99, cost, generator } = self;
        println!(
            "  {name:<12} {rate:>6.0} webhooks/s   p50 {p50:>6.2} ms   p99 {p99:>6.2} ms   \
             processor time {cost:>4.0} µs   (load generator {generator:.0} µs)"
        );
    }
}

/// The median of each figure, and of what it is times that of the first peer in the same round.
pub fn summary(names: &[&str], rounds: &[Vec<Figures>]) {
    let column = |of: fn(&Figures) -> f64, peer: usize| rounds.iter().map(move |round| of(&round[peer]));
    for (kind, of, digits) in KINDS {
        println!("\n{kind}: medians");
        for (peer, name) in names.iter().enumerate() {
            let figure = format!("{:.digits$}", median(column(of, peer)));
            if peer == 0 {
                line(&format!("  {name}"), figure);
                continue;
            }
            let ratios: Vec<f64> =
                column(of, peer).zip(column(of, 0)).map(|(own, first)| own / first).collect();
            let each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
            let ratio = median(ratios.into_iter());
            line(
                &format!("  {name}"),
                format!("{figure}   {ratio:.2} × {}   (rounds: {})", names[0], each.join(" ")),
            );
        }
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
