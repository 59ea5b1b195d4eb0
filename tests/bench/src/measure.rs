//! Taking turns: what is compared is measured in the same run, one after the other, over and over.
//!
//! On a machine with neighbours the minimum of many turns tells about the code, and the median about the machine too.

use std::hint::black_box;
use std::time::Instant;

/// What one contestant measured, one number a turn: nanoseconds, or bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Samples that were taken elsewhere.
    pub(crate) fn of(samples: Vec<f64>) -> Self {
        Self(samples)
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Each sample without what `other` took at its best and in the middle: the price of what only the first does.
    pub(crate) fn beyond(&self, other: &Self) -> Self {
        let less = other.min();
        Self(self.0.iter().map(|sample| sample - less).collect())
    }
}

/// One side of a comparison: measures once.
pub(crate) type Contestant<'a> = Box<dyn FnMut() -> Result<f64, String> + 'a>;

/// Lets the contestants take turns, each round beginning with the next, so that none always follows the same one.
pub(crate) fn turns(
    rounds: usize,
    contestants: &mut [Contestant<'_>],
) -> Result<Vec<Samples>, String> {
    let mut samples = vec![Samples::default(); contestants.len()];
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let place = (round + turn) % contestants.len();
            samples[place].0.push(contestants[place]()?);
        }
    }
    Ok(samples)
}

/// A contestant that repeats something quick: its sample is the nanoseconds of one call.
pub(crate) fn repeated<'a, R>(calls: u32, mut call: impl FnMut() -> R + 'a) -> Contestant<'a> {
    Box::new(move || {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        Ok(start.elapsed().as_nanos() as f64 / f64::from(calls))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contestants_take_turns_and_begin_by_turns() {
        let order = std::cell::RefCell::new(String::new());
        let named = |name: char| -> Contestant<'_> {
            let order = &order;
            Box::new(move || {
                order.borrow_mut().push(name);
                Ok(1.0)
            })
        };
        let samples = turns(3, &mut [named('a'), named('b')]).expect("nobody fails");
        assert_eq!(order.borrow().as_str(), "abbaab");
        assert_eq!(samples[0].0.len(), 3);
    }

    #[test]
    fn the_middle_and_the_least_of_samples_are_found() {
        let samples = Samples::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((samples.min(), samples.median()), (1.0, 2.0));
        assert_eq!(samples.beyond(&Samples::of(vec![1.0, 9.0])).min(), 0.0);
    }
}
