//! The orders in which a scenario's requests are sent.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use hookswitch_core::modules::scenario::{Orders, Switch};

use super::report::OrderKind;

/// Random orders of each scenario.
const RANDOM: u64 = 1;
/// Rotations of a scenario, at most: those of a long one are spread over it.
const MOST_ROTATIONS: usize = 2;

/// The requests by their place in the scenario, and when each is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What it is for.
    pub kind: OrderKind,
    /// How people find it.
    pub name: String,
    /// What is sent at the time of the first request as written, of the second, and so on.
    pub beats: Vec<Vec<usize>>,
    /// Whether what is sent at a time is sent all at once.
    pub at_once: bool,
}

/// Every order besides the one as written, for requests at those places; for each kind that is not played, why not.
pub fn orders(requests: &[usize], wanted: &Orders) -> (Vec<Order>, Vec<(OrderKind, String)>) {
    let (mut orders, mut off) = (Vec::new(), Vec::new());
    let switches = [
        (OrderKind::Twice, &wanted.twice, twice as fn(&[usize]) -> Vec<Order>),
        (OrderKind::Shuffled, &wanted.shuffled, shuffled),
        (OrderKind::Parallel, &wanted.parallel, parallel),
    ];
    for (kind, switch, made) in switches {
        match switch {
            Switch::On => orders.extend(made(requests)),
            Switch::Off(reason) => off.push((kind, reason.clone())),
        }
    }
    (orders, off)
}

fn twice(requests: &[usize]) -> Vec<Order> {
    let beats = requests.iter().map(|step| vec![*step; 2]).collect();
    vec![Order { kind: OrderKind::Twice, name: "each request twice".into(), beats, at_once: false }]
}

fn parallel(requests: &[usize]) -> Vec<Order> {
    let mut beats = vec![Vec::new(); requests.len().saturating_sub(1)];
    beats.push(requests.to_vec());
    vec![Order { kind: OrderKind::Parallel, name: "all requests at once".into(), beats, at_once: true }]
}

/// Backwards, rotated, and some at random, though the same ones each time.
fn shuffled(requests: &[usize]) -> Vec<Order> {
    let mut orders: Vec<(String, Vec<usize>)> = Vec::new();
    let mut add = |name: String, order: Vec<usize>| {
        if order != requests && orders.iter().all(|(_, known)| *known != order) {
            orders.push((name, order));
        }
    };
    add("backwards".into(), requests.iter().rev().copied().collect());
    for by in (1..requests.len()).step_by(requests.len().div_ceil(MOST_ROTATIONS + 1).max(1)) {
        let mut rotated = requests.to_vec();
        rotated.rotate_left(by);
        add(format!("beginning with step {}", rotated[0] + 1), rotated);
    }
    for seed in 0..RANDOM {
        let mut order = requests.to_vec();
        order.shuffle(&mut StdRng::seed_from_u64(seed));
        let steps: Vec<_> = order.iter().map(|step| (step + 1).to_string()).collect();
        add(format!("in the order {}", steps.join(", ")), order);
    }
    let order = |(name, order): (String, Vec<usize>)| {
        let beats = order.into_iter().map(|step| vec![step]).collect();
        Order { kind: OrderKind::Shuffled, name, beats, at_once: false }
    };
    orders.into_iter().map(order).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_sends_every_request_at_the_times_as_written() {
        let (orders, off) = orders(&[0, 2, 3], &Orders::default());
        assert!(off.is_empty());
        for order in &orders {
            assert_eq!(order.beats.len(), 3, "{order:?}");
            let mut sent: Vec<_> = order.beats.concat();
            sent.sort_unstable();
            sent.dedup();
            assert_eq!(sent, [0, 2, 3], "{order:?}");
        }
        assert_eq!(orders[0].beats, [[0, 0], [2, 2], [3, 3]]);
        assert_eq!(orders[1].name, "backwards");
        assert!(orders.last().is_some_and(|order| order.at_once && order.beats[2] == [0, 2, 3]));
    }

    #[test]
    fn one_request_has_no_other_order() {
        let (orders, _) = orders(&[0], &Orders::default());
        assert!(orders.iter().all(|order| order.kind != OrderKind::Shuffled));
    }
}
