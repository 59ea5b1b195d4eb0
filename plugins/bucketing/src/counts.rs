//! Counting distinct keys in bounded memory.
//!
//! Up to a number of keys, counts are exact. Beyond it, a new key takes the place of the rarest one, as in Space-Saving
//! (Metwally, Agrawal, El Abbadi: *Efficient computation of frequent and top-k elements in data streams*, 2005): it
//! inherits that count as its possible error. Then, for every key: `count - error <= true count <= count`; a key that
//! is not kept occurred at most [`Counts::floor`] times; and the floor is at most the number of events divided by the number of keys.
//!
//! The bytes of the keys are bounded too: a key is cut after [`LONGEST_KEY`] bytes, and all keys together have at most
//! [`BYTES_PER_KEY`] bytes for each that may be kept.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

/// Longer keys are cut, to one byte more; those that are then the same count as one.
pub const LONGEST_KEY: usize = 1024;

/// What a key may have on average.
pub const BYTES_PER_KEY: usize = 256;

/// How often each key occurred.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Hashed with a random key: what a watched program opens must not decide how long a look-up takes.
    entries: HashMap<Arc<[u8]>, Tally>,
    most_keys: usize,
    bytes: usize,
    total: u64,
    missing: u64,
    cut: u64,
    floor: u64,
    /// Once keys were given up: every key, under a count that it has reached. The least of them with its true count is the
    /// rarest key: looking for it mends those counts that are behind, each at most once for all the counting in between.
    rarest: Option<BinaryHeap<Reverse<Reached>>>,
}

/// A count that a key has reached.
type Reached = (u64, Arc<[u8]>);

/// How often a key occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// At most so often.
    pub count: u64,
    /// And at least so much less often.
    pub error: u64,
}

impl Counts {
    /// Nothing, with room for so many keys; at least one.
    #[must_use]
    pub fn new(most_keys: usize) -> Self {
        Self {
            entries: HashMap::new(),
            most_keys: most_keys.max(1),
            bytes: 0,
            total: 0,
            missing: 0,
            cut: 0,
            floor: 0,
            rarest: None,
        }
    }

    /// Counts a key.
    #[inline]
    pub fn add(&mut self, key: &[u8]) {
        self.total += 1;
        let key = if key.len() > LONGEST_KEY {
            self.cut += 1;
            // One byte more, so that it is seen to be cut.
            &key[..LONGEST_KEY + 1]
        } else {
            key
        };
        match self.entries.get_mut(key) {
            Some(tally) => tally.count += 1,
            None => self.add_new(key),
        }
    }

    /// Counts an event that has no key.
    pub const fn add_missing(&mut self) {
        self.total += 1;
        self.missing += 1;
    }

    /// How many were counted.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How many had no key.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.missing
    }

    /// How many had a key that was cut.
    #[must_use]
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// How many keys are kept: all that occurred, if [`Counts::is_exact`].
    #[must_use]
    pub fn keys(&self) -> usize {
        self.entries.len()
    }

    /// A key that is not kept occurred at most so often.
    #[must_use]
    pub const fn floor(&self) -> u64 {
        self.floor
    }

    /// Whether every key is kept, with its true count.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.floor == 0
    }

    /// The most frequent keys: by count, then by key.
    #[must_use]
    pub fn top(&self, most: usize) -> Vec<(&[u8], Tally)> {
        let mut all: Vec<(&[u8], Tally)> = self
            .entries
            .iter()
            .map(|(key, tally)| (&**key, *tally))
            .collect();
        if most < all.len() {
            all.select_nth_unstable_by(most, by_count_then_key);
            all.truncate(most);
        }
        all.sort_unstable_by(by_count_then_key);
        all
    }

    #[cold]
    fn add_new(&mut self, key: &[u8]) {
        while self.entries.len() >= self.most_keys
            || (self.bytes + key.len() > self.most_keys.saturating_mul(BYTES_PER_KEY)
                && !self.entries.is_empty())
        {
            self.give_up_the_rarest();
        }
        let key: Arc<[u8]> = key.into();
        self.bytes += key.len();
        // It may have been given up before: then it occurred at most so often as the floor says.
        let tally = Tally {
            count: self.floor + 1,
            error: self.floor,
        };
        if let Some(rarest) = &mut self.rarest {
            rarest.push(Reverse((tally.count, Arc::clone(&key))));
        }
        self.entries.insert(key, tally);
    }

    fn give_up_the_rarest(&mut self) {
        let rarest = self.rarest.get_or_insert_with(|| {
            self.entries
                .iter()
                .map(|(key, tally)| Reverse((tally.count, Arc::clone(key))))
                .collect()
        });
        while let Some(mut least) = rarest.peek_mut() {
            let Reverse((known, key)) = &mut *least;
            let count = self.entries[key].count;
            if *known < count {
                *known = count;
                continue;
            }
            let Reverse((count, key)) = std::collections::binary_heap::PeekMut::pop(least);
            self.entries.remove(&key);
            self.bytes -= key.len();
            self.floor = self.floor.max(count);
            return;
        }
    }
}

fn by_count_then_key(a: &(&[u8], Tally), b: &(&[u8], Tally)) -> Ordering {
    b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn counted(most_keys: usize, keys: &[&str]) -> Counts {
        let mut counts = Counts::new(most_keys);
        keys.iter().for_each(|key| counts.add(key.as_bytes()));
        counts
    }

    fn shown(counts: &Counts) -> Vec<(&str, u64, u64)> {
        counts
            .top(usize::MAX)
            .into_iter()
            .map(|(key, tally)| (std::str::from_utf8(key).unwrap(), tally.count, tally.error))
            .collect()
    }

    #[test]
    fn few_keys_are_counted_exactly_and_ordered_by_count_then_key() {
        let counts = counted(4, &["b", "a", "c", "a", "b", "d"]);
        assert_eq!(
            shown(&counts),
            [("a", 2, 0), ("b", 2, 0), ("c", 1, 0), ("d", 1, 0)]
        );
        assert!(counts.is_exact());
        let top: Vec<&[u8]> = counts.top(3).into_iter().map(|(key, _)| key).collect();
        assert_eq!(top, [b"a", b"b", b"c"]);
    }

    #[test]
    fn a_key_too_many_takes_the_place_of_the_rarest_and_inherits_its_count() {
        let counts = counted(2, &["a", "a", "a", "b", "c"]);
        assert_eq!(shown(&counts), [("a", 3, 0), ("c", 2, 1)]);
        assert_eq!(
            (counts.floor(), counts.is_exact(), counts.total()),
            (1, false, 5)
        );
    }

    #[test]
    fn missing_keys_are_counted_apart() {
        let mut counts = counted(2, &["a"]);
        counts.add_missing();
        assert_eq!((counts.total(), counts.missing(), counts.keys()), (2, 1, 1));
    }

    #[test]
    fn long_keys_are_cut_and_said_to_be() {
        let mut counts = Counts::new(2);
        counts.add(&[b'x'; LONGEST_KEY + 1]);
        counts.add(&[b'x'; LONGEST_KEY + 2]);
        assert_eq!((counts.keys(), counts.cut()), (1, 2));
    }

    #[test]
    fn the_bytes_of_the_keys_are_bounded() {
        let mut counts = Counts::new(8);
        for number in 0..100u32 {
            let mut key = vec![b'x'; 1000];
            key.extend(number.to_le_bytes());
            counts.add(&key);
            assert!(counts.bytes <= 8 * BYTES_PER_KEY);
            assert_eq!(
                counts.bytes,
                counts.entries.keys().map(|key| key.len()).sum::<usize>()
            );
        }
        assert_eq!(counts.keys(), 2);
    }

    #[test]
    fn one_key_longer_than_the_whole_bound_is_kept_alone() {
        let mut counts = Counts::new(1);
        counts.add(&[b'x'; LONGEST_KEY]);
        counts.add(&[b'y'; LONGEST_KEY]);
        assert_eq!(counts.keys(), 1);
    }

    proptest! {
        #[test]
        fn every_true_count_lies_within_the_bound_that_is_given(
            most_keys in 1usize..12,
            keys in prop::collection::vec((0u8..20, 0u8..20).prop_map(|(a, b)| a.min(b)), 0..400),
        ) {
            let mut truth = HashMap::<u8, u64>::new();
            let mut counts = Counts::new(most_keys);
            for &key in &keys {
                *truth.entry(key).or_default() += 1;
                counts.add(&[key]);
            }
            prop_assert_eq!(counts.total(), keys.len() as u64);
            prop_assert!(counts.keys() <= most_keys);
            prop_assert!(counts.floor() <= keys.len() as u64 / most_keys as u64);
            let kept: HashMap<u8, Tally> =
                counts.top(usize::MAX).into_iter().map(|(key, tally)| (key[0], tally)).collect();
            for (key, &count) in &truth {
                match kept.get(key) {
                    Some(tally) => prop_assert!(tally.count - tally.error <= count && count <= tally.count),
                    None => prop_assert!(count <= counts.floor()),
                }
            }
            prop_assert_eq!(counts.is_exact(), truth.len() <= most_keys);
        }
    }
}
