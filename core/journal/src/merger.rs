//! One order for the records of many rings.
//!
//! What is promised: the records of one thread come in the order in which it raised them, and a record that a process
//! raised before it started a child comes before all of that child's. What is not: that times never step back between
//! unrelated threads, for a thread may sleep between reading the clock and pushing its record.
//!
//! How a pass holds this:
//!
//! 1. The clock is read: the *cutoff*. Only then are the rings looked at, each once.
//! 2. Of what they gave, records up to the cutoff come out, by time. A parent's record of a spawn was in its ring before its child
//!    could raise anything; so when a child's record is not younger than the cutoff, the pass has seen the parent's.
//! 3. A ring that stops at a record which is still being written may hide older ones behind it: nothing younger than the ring's last
//!    record comes out until it goes on, for [`Merger::PATIENCE_NS`] at most (its process may be stopped, or mean it).
//!
//! Times come from the processes and may be lies: within a ring they never step back, and none is in the future.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A ring that a [`Merger`] knows. Numbered in the order in which they were added: at one time, older rings go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ring(u64);

/// Merges records of type `T`.
#[derive(Debug)]
pub struct Merger<T> {
    /// Sorted by ring.
    lanes: Vec<Lane<T>>,
    next: u64,
    /// The earliest record of every lane that has one.
    heads: BinaryHeap<Reverse<(u64, Ring, usize)>>,
}

#[derive(Debug)]
struct Lane<T> {
    ring: Ring,
    records: VecDeque<(u64, T)>,
    last_ns: u64,
    /// Since when it stops at a record that is being written.
    blocked_since: Option<u64>,
    removed: bool,
}

impl<T> Default for Merger<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Merger<T> {
    /// How long a blocked ring holds up the others, in nanoseconds.
    pub const PATIENCE_NS: u64 = 50_000_000;

    /// One without rings.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lanes: Vec::new(),
            next: 0,
            heads: BinaryHeap::new(),
        }
    }

    /// Adds a ring. Add the ring of a parent before that of its child.
    pub fn add(&mut self) -> Ring {
        let ring = Ring(self.next);
        self.next += 1;
        self.lanes.push(Lane {
            ring,
            records: VecDeque::new(),
            last_ns: 0,
            blocked_since: None,
            removed: false,
        });
        ring
    }

    /// Says that a ring will give no more. Its records still come out.
    pub fn remove(&mut self, ring: Ring) {
        if let Some(lane) = self.lane(ring) {
            lane.removed = true;
            lane.blocked_since = None;
        }
    }

    /// Takes a record that a ring gave, in the ring's order. `now_ns` is the clock after it was popped.
    pub fn push(&mut self, ring: Ring, time_ns: u64, now_ns: u64, record: T) {
        if let Some(lane) = self.lane(ring) {
            // Not `clamp`, which panics when the bounds cross.
            let time_ns = time_ns.min(now_ns).max(lane.last_ns);
            lane.last_ns = time_ns;
            lane.records.push_back((time_ns, record));
        }
    }

    /// Says after each pass over a ring whether it stopped at a record that is still being written.
    pub fn set_blocked(&mut self, ring: Ring, blocked: bool, now_ns: u64) {
        if let Some(lane) = self.lane(ring) {
            lane.blocked_since = blocked.then(|| lane.blocked_since.unwrap_or(now_ns));
        }
    }

    /// Gives out what is due: the records up to `cutoff_ns`, which is the clock before the pass looked at its first ring. How
    /// many there were.
    pub fn emit(&mut self, cutoff_ns: u64, mut each: impl FnMut(Ring, u64, T)) -> usize {
        let cutoff_ns = self
            .lanes
            .iter()
            .filter(|lane| {
                lane.blocked_since
                    .is_some_and(|since| cutoff_ns.saturating_sub(since) < Self::PATIENCE_NS)
            })
            .map(|lane| lane.last_ns)
            .fold(cutoff_ns, u64::min);
        self.heads.clear();
        for (place, lane) in self.lanes.iter().enumerate() {
            if let Some(&(time_ns, _)) = lane.records.front() {
                self.heads.push(Reverse((time_ns, lane.ring, place)));
            }
        }
        let mut count = 0;
        while let Some(Reverse((time_ns, ring, place))) = self.heads.pop() {
            if time_ns > cutoff_ns {
                break;
            }
            let lane = &mut self.lanes[place];
            if let Some((_, record)) = lane.records.pop_front() {
                each(ring, time_ns, record);
                count += 1;
            }
            if let Some(&(time_ns, _)) = lane.records.front() {
                self.heads.push(Reverse((time_ns, ring, place)));
            }
        }
        self.lanes
            .retain(|lane| !(lane.removed && lane.records.is_empty()));
        count
    }

    /// Gives out everything: after the last pass.
    pub fn finish(&mut self, each: impl FnMut(Ring, u64, T)) -> usize {
        for lane in &mut self.lanes {
            lane.blocked_since = None;
        }
        self.emit(u64::MAX, each)
    }

    /// How many records wait for their time.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.records.len()).sum()
    }

    fn lane(&mut self, ring: Ring) -> Option<&mut Lane<T>> {
        let place = self
            .lanes
            .binary_search_by_key(&ring, |lane| lane.ring)
            .ok()?;
        Some(&mut self.lanes[place])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use proptest::prelude::*;

    use super::*;

    fn out<T>(merger: &mut Merger<T>, cutoff_ns: u64) -> Vec<(u64, T)> {
        let mut out = Vec::new();
        merger.emit(cutoff_ns, |_, time_ns, record| out.push((time_ns, record)));
        out
    }

    #[test]
    fn records_come_by_time_and_no_younger_than_the_cutoff() {
        let mut merger = Merger::new();
        let (a, b) = (merger.add(), merger.add());
        for (ring, time) in [(a, 10), (a, 30), (b, 20), (b, 40), (b, 41)] {
            merger.push(ring, time, 100, time);
        }
        assert_eq!(
            out(&mut merger, 40),
            [(10, 10), (20, 20), (30, 30), (40, 40)]
        );
        assert_eq!(merger.waiting(), 1);
        assert_eq!(out(&mut merger, 40), []);
        assert_eq!(out(&mut merger, 41), [(41, 41)]);
    }

    #[test]
    fn at_one_time_the_ring_that_was_added_first_goes_first() {
        let mut merger = Merger::new();
        let (parent, child) = (merger.add(), merger.add());
        merger.push(child, 10, 10, "child");
        merger.push(parent, 10, 10, "parent");
        assert_eq!(out(&mut merger, 10), [(10, "parent"), (10, "child")]);
    }

    #[test]
    fn times_in_the_future_or_before_the_last_are_pulled_in() {
        let mut merger = Merger::new();
        let ring = merger.add();
        for (time, now) in [(50, 100), (u64::MAX, 110), (0, 120), (115, 90)] {
            merger.push(ring, time, now, ());
        }
        let times: Vec<u64> = out(&mut merger, 200)
            .into_iter()
            .map(|(time, ())| time)
            .collect();
        assert_eq!(times, [50, 110, 110, 110]);
    }

    #[test]
    fn a_blocked_ring_holds_the_others_but_not_for_ever() {
        let mut merger = Merger::new();
        let (parent, child) = (merger.add(), merger.add());
        merger.push(parent, 10, 20, "parent");
        merger.set_blocked(parent, true, 20);
        merger.push(child, 15, 20, "child");
        assert_eq!(out(&mut merger, 20), [(10, "parent")]);
        merger.push(parent, 12, 30, "spawn");
        merger.set_blocked(parent, false, 30);
        assert_eq!(out(&mut merger, 30), [(12, "spawn"), (15, "child")]);

        merger.set_blocked(parent, true, 40);
        merger.push(child, 45, 50, "child");
        merger.set_blocked(parent, true, 50);
        assert_eq!(out(&mut merger, 50), []);
        assert_eq!(
            out(&mut merger, 40 + Merger::<()>::PATIENCE_NS),
            [(45, "child")]
        );
    }

    #[test]
    fn a_ring_that_is_gone_is_forgotten_when_it_is_empty() {
        let mut merger = Merger::new();
        let ring = merger.add();
        merger.push(ring, 10, 10, 1);
        merger.set_blocked(ring, true, 10);
        merger.remove(ring);
        merger.push(ring, 11, 11, 2);
        assert_eq!(out(&mut merger, 20), [(10, 1), (11, 2)]);
        assert!(merger.lanes.is_empty());
        merger.push(ring, 12, 12, 3);
        assert_eq!(merger.finish(|_, _, _| panic!("the ring is forgotten")), 0);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_each_ring_keeps_its_order(
            steps in prop::collection::vec((0_usize..4, any::<u8>(), any::<bool>()), 0..300),
        ) {
            let mut merger = Merger::new();
            let rings: Vec<Ring> = (0..4).map(|_| merger.add()).collect();
            let mut seen: Vec<Vec<usize>> = vec![Vec::new(); 4];
            let mut pushed = [0; 4];
            for (now, (lane, time, emits)) in steps.iter().copied().enumerate() {
                if emits {
                    merger.set_blocked(rings[lane], time % 2 == 0, now as u64);
                    merger.emit(now as u64, |_, _, (lane, number): (usize, usize)| seen[lane].push(number));
                } else {
                    merger.push(rings[lane], time.into(), now as u64, (lane, pushed[lane]));
                    pushed[lane] += 1;
                }
            }
            merger.finish(|_, _, (lane, number)| seen[lane].push(number));
            for (lane, numbers) in seen.into_iter().enumerate() {
                prop_assert_eq!(numbers, (0..pushed[lane]).collect::<Vec<_>>());
            }
        }
    }

    /// Threads that start one another, each with a queue for a ring, while passes go on.
    #[test]
    fn a_spawn_comes_before_the_first_record_of_what_it_started() {
        type Queue = Mutex<VecDeque<(u64, &'static str)>>;
        const FAMILY: usize = 400;
        let clock = AtomicU64::new(1);
        let tick = || clock.fetch_add(1, Ordering::SeqCst);
        let queues: Vec<Queue> = (0..FAMILY).map(|_| Queue::default()).collect();
        let done = AtomicBool::new(false);
        let raise = |member: usize, what| {
            let time = tick();
            queues[member].lock().unwrap().push_back((time, what));
        };
        let mut order = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for member in 0..FAMILY {
                    raise(member, "first");
                    // The next member lives from here on.
                    raise(member, "spawn");
                }
                done.store(true, Ordering::SeqCst);
            });
            let mut merger = Merger::new();
            let rings: Vec<Ring> = (0..FAMILY).map(|_| merger.add()).collect();
            loop {
                let last = done.load(Ordering::SeqCst);
                let cutoff = tick();
                // Children first: the order of looking must not matter.
                for member in (0..FAMILY).rev() {
                    let records: Vec<_> = queues[member].lock().unwrap().drain(..).collect();
                    for (time, what) in records {
                        merger.push(rings[member], time, tick(), (member, what));
                    }
                }
                merger.emit(cutoff, |_, _, record| order.push(record));
                if last {
                    merger.finish(|_, _, record| order.push(record));
                    break;
                }
            }
        });
        let expected: Vec<_> = (0..FAMILY)
            .flat_map(|member| [(member, "first"), (member, "spawn")])
            .collect();
        assert_eq!(order, expected);
    }
}
