//! A process that writes what it likes, where it likes, when it likes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;
use crate::flat::MAX_RECORD;

impl Mapping {
    fn scribble(&self, place: usize, value: u64) {
        let words = self.len / 8;
        // SAFETY: inside the mapping, aligned, and used through atomics by all.
        let word = unsafe { &*self.base.cast::<AtomicU64>().add(place % words) };
        word.store(value, Ordering::Relaxed);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Scribble(usize, u64),
    Pop,
    Pass,
    Drain,
    Rest,
}

fn step() -> impl Strategy<Value = Step> {
    let lap_and_length = (0_u64..4, 0_u64..20_000).prop_map(|(lap, length)| lap << 32 | length);
    let value = prop_oneof![any::<u64>(), 0_u64..2000, lap_and_length, Just(u64::MAX)];
    // The header and the first commit words are where it hurts.
    let place = prop_oneof![0_usize..64, 512_usize..600, any::<usize>()];
    prop_oneof![
        4 => (1..MAX_RECORD).prop_map(Step::Push),
        4 => (place, value).prop_map(|(place, value)| Step::Scribble(place, value)),
        2 => Just(Step::Pop),
        1 => Just(Step::Pass),
        1 => Just(Step::Drain),
        1 => Just(Step::Rest),
    ]
}

proptest! {
    #[test]
    fn whatever_is_in_the_memory_the_consumer_ends_and_gives_at_most_what_fits(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mapping = Mapping::smallest();
        let (producer, mut consumer) = (mapping.create(), mapping.consumer());
        let cells = producer.layout().cells;
        let mut out = Vec::new();
        for step in steps {
            match step {
                Step::Push(length) => _ = producer.push(&vec![3; length]),
                Step::Scribble(place, value) => mapping.scribble(place, value),
                Step::Pop => {
                    if let Ok(Some(length)) = consumer.pop(&mut out) {
                        prop_assert!(length == out.len() && length <= MAX_RECORD);
                    }
                }
                Step::Pass => {
                    let mut count = 0;
                    let result = consumer.pass(&mut out, |_| count += 1);
                    prop_assert!(count <= cells && result.is_ok_and(|passed| passed.records == count) | result.is_err());
                }
                Step::Drain => {
                    let mut count = 0;
                    while let Ok(Some(_)) = consumer.drain_dead(&mut out) {
                        count += 1;
                    }
                    prop_assert!(count <= cells);
                }
                Step::Rest => {
                    consumer.set_sleeping(true);
                    consumer.set_sleeping(false);
                    _ = (consumer.waiters().is_some(), consumer.take_lost(), consumer.backlog());
                }
            }
        }
    }
}

#[test]
fn a_process_that_scribbles_while_it_is_read_cannot_stop_the_consumer() {
    let mapping = Mapping::smallest();
    _ = mapping.create();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut state = 88_172_645_463_325_252_u64;
            while !done.load(Ordering::Relaxed) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // Half of it goes where it is believed: tail, and the first lap's commit words.
                match state & 3 {
                    0 => mapping.scribble(8, state >> 54),
                    1 => {
                        mapping.scribble(512 + (state >> 8) as usize % 1024, 1 << 32 | state >> 50)
                    }
                    _ => mapping.scribble((state >> 8) as usize, state),
                }
            }
        });
        let mut out = Vec::new();
        let mut read = 0_u64;
        for _ in 0..20_000 {
            let mut consumer = match mapping_consumer(&mapping) {
                Ok(consumer) => consumer,
                Err(RingError::Format(_)) => {
                    mapping.scribble(0, memory::FORMAT);
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            for _ in 0..100 {
                read += consumer.pop(&mut out).ok().flatten().unwrap_or(0) as u64;
            }
            _ = consumer.pass(&mut out, |record| read += record.len() as u64);
            let mut left = 2000;
            while left > 0 && matches!(consumer.drain_dead(&mut out), Ok(Some(_))) {
                left -= 1;
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(read > 0, "nothing hostile was read");
    });
}

fn mapping_consumer(mapping: &Mapping) -> Result<Consumer, RingError> {
    // SAFETY: as for `Mapping::consumer`.
    unsafe { Consumer::attach(mapping.base, mapping.len) }
}
