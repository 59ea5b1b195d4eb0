//! What the ring promises, on one thread, on many, across processes that are killed, and on hostile memory.

mod death;
mod hostile;
mod threads;

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use proptest::prelude::*;

use super::*;

/// A ring in a memfd, which a child process can inherit.
struct Mapping {
    base: *mut u8,
    len: usize,
    memfd: OwnedFd,
}

// SAFETY: the pointer is to shared memory that is reached through producers and consumers, or through atomics.
unsafe impl Sync for Mapping {}
// SAFETY: as above.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(len: usize) -> Self {
        // SAFETY: a valid name; the result is checked below.
        let memfd = unsafe { libc::memfd_create(c"ring".as_ptr(), 0) };
        assert!(memfd >= 0);
        // SAFETY: fresh, and owned by nobody else.
        let memfd = unsafe { OwnedFd::from_raw_fd(memfd) };
        // SAFETY: no memory is involved.
        assert_eq!(unsafe { libc::ftruncate(memfd.as_raw_fd(), len as i64) }, 0);
        Self::of(memfd, len)
    }

    fn of(memfd: OwnedFd, len: usize) -> Self {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of a file that is as long; the result is checked below.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                protection,
                libc::MAP_SHARED,
                memfd.as_raw_fd(),
                0,
            )
        };
        assert_ne!(base, libc::MAP_FAILED);
        Self {
            base: base.cast(),
            len,
            memfd,
        }
    }

    fn smallest() -> Self {
        Self::new(Layout::for_capacity(0).mapping_len())
    }

    fn create(&self) -> Producer {
        // SAFETY: fresh zeros of the mapping's length, which tests keep until producers and consumers are gone.
        unsafe { Producer::create(self.base, self.len).unwrap() }
    }

    fn producer(&self) -> Producer {
        // SAFETY: as above.
        unsafe { Producer::attach(self.base, self.len).unwrap() }
    }

    fn consumer(&self) -> Consumer {
        // SAFETY: as above.
        unsafe { Consumer::attach(self.base, self.len).unwrap() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `of`, and not used after its owner.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}

#[test]
fn the_layout_is_known_from_the_length_alone() {
    for capacity in [
        0,
        1,
        MIN_CAPACITY,
        100_000,
        DEFAULT_CAPACITY,
        DEFAULT_CAPACITY + 1,
        MAX_CAPACITY,
    ] {
        let layout = Layout::for_capacity(capacity);
        assert!(layout.capacity() >= capacity);
        assert_eq!(layout.mapping_len() % 4096, 0);
        assert_eq!(Layout::of_mapping(layout.mapping_len()), Ok(layout));
    }
    assert_eq!(
        Layout::for_capacity(usize::MAX),
        Layout::for_capacity(MAX_CAPACITY)
    );
    assert_eq!(Layout::default().capacity(), 1024 * 1024);
}

#[test]
fn other_lengths_are_no_ring() {
    let good = Layout::default().mapping_len();
    for length in [
        0,
        1,
        4096,
        8192,
        good - 4096,
        good - 1,
        good + 1,
        good + 4096,
        usize::MAX,
    ] {
        assert_eq!(
            Layout::of_mapping(length),
            Err(RingError::Length(length)),
            "{length}"
        );
    }
    let mapping = Mapping::smallest();
    _ = mapping.create();
    // SAFETY: as for `Mapping::consumer`; the address is inside the mapping and refused.
    let shifted = unsafe { Consumer::attach(mapping.base.add(8), mapping.len) };
    assert_eq!(shifted.unwrap_err(), RingError::Alignment);
}

#[test]
fn memory_that_no_producer_prepared_is_refused() {
    let mapping = Mapping::smallest();
    // SAFETY: as for `Mapping::consumer`.
    let consumer = unsafe { Consumer::attach(mapping.base, mapping.len) };
    assert_eq!(consumer.unwrap_err(), RingError::Format(0));
}

#[test]
fn a_record_comes_out_as_it_went_in() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    let mut out = vec![9; 9];
    assert_eq!(consumer.pop(&mut out), Ok(None));
    assert!(out.is_empty());
    assert_eq!(producer.push(b"one record"), Ok(Pushed { doorbell: false }));
    assert_eq!(consumer.pop(&mut out), Ok(Some(10)));
    assert_eq!(out, b"one record");
    assert_eq!(consumer.pop(&mut out), Ok(None));
}

#[test]
fn a_record_that_is_too_long_is_never_taken_and_an_empty_one_is_nothing() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    assert_eq!(producer.push(&[0; crate::flat::MAX_RECORD + 1]), Err(Full));
    assert!(producer.is_full_for(crate::flat::MAX_RECORD + 1));
    assert!(producer.push(&[]).is_ok());
    assert_eq!(consumer.pop(&mut Vec::new()), Ok(None));
    assert!(producer.push(&[7; crate::flat::MAX_RECORD]).is_ok());
    assert_eq!(
        consumer.pop(&mut Vec::new()),
        Ok(Some(crate::flat::MAX_RECORD))
    );
}

#[test]
fn the_doorbell_rings_once_for_a_sleeper_and_at_every_quarter() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    let rings = |length: usize| producer.push(&vec![1; length]).unwrap().doorbell;
    assert!(!rings(10));
    assert!(consumer.set_sleeping(true), "there is a record");
    consumer.pop(&mut Vec::new()).unwrap();
    assert!(!consumer.set_sleeping(true));
    assert!(rings(10));
    assert!(!rings(10));
    consumer.set_sleeping(true);
    consumer.set_sleeping(false);
    let capacity = producer.layout().capacity();
    let rung: Vec<usize> = (2..capacity / CELL).filter(|_| rings(10)).collect();
    assert_eq!(rung.len(), 4);
    assert_eq!(producer.push(&[1; 10]), Err(Full));
    assert_eq!(consumer.backlog(), Ok(capacity));
}

#[test]
fn a_pass_takes_what_was_there_when_it_began() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    for _ in 0..3 {
        _ = producer.push(&[1; 100]).unwrap();
    }
    let count = consumer.pass(&mut Vec::new(), |_| _ = producer.push(&[2; 100]).unwrap());
    let all = |records| {
        Ok(Passed {
            records,
            blocked: false,
        })
    };
    assert_eq!(count, all(3));
    assert_eq!(
        consumer.pass(&mut Vec::new(), |record| assert_eq!(record, [2; 100])),
        all(3)
    );
    assert_eq!(
        consumer.pass(&mut Vec::new(), |_| panic!("there is no more")),
        all(0)
    );
}

#[test]
fn a_hole_stops_the_consumer_while_the_process_lives_and_is_skipped_when_it_is_dead() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    let mut out = Vec::new();
    _ = producer.push(&[1; 100]).unwrap();
    producer.reserve(5).unwrap();
    _ = producer.push(&[2; 200]).unwrap();
    producer.reserve(1).unwrap();
    _ = producer.push(&[3; 300]).unwrap();
    producer.reserve(7).unwrap();
    assert_eq!(consumer.pop(&mut out), Ok(Some(100)));
    assert_eq!(consumer.pop(&mut out), Ok(None));
    assert_eq!(
        consumer.pass(&mut out, |_| panic!("behind a hole")),
        Ok(Passed {
            records: 0,
            blocked: true
        })
    );
    assert_eq!(consumer.drain_dead(&mut out), Ok(Some(200)));
    assert_eq!(consumer.drain_dead(&mut out), Ok(Some(300)));
    assert_eq!(out, [3; 300]);
    assert_eq!(consumer.drain_dead(&mut out), Ok(None));
    assert!(out.is_empty());
}

#[test]
fn records_of_earlier_laps_in_a_hole_are_not_read_again() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    let mut out = Vec::new();
    for _ in 0..mapping.len / CELL {
        _ = producer.push(&[1; 50]).unwrap();
        assert_eq!(consumer.pop(&mut out), Ok(Some(50)));
    }
    producer.reserve(producer.layout().cells as u64).unwrap();
    assert_eq!(consumer.drain_dead(&mut out), Ok(None));
}

#[test]
fn lost_records_are_told_once() {
    let mapping = Mapping::smallest();
    let (producer, mut consumer) = (mapping.create(), mapping.consumer());
    producer.note_lost(3);
    producer.note_lost(1);
    assert_eq!(consumer.take_lost(), 4);
    assert_eq!(consumer.take_lost(), 0);
    producer.note_lost(2);
    assert_eq!(consumer.take_lost(), 2);
}

#[test]
fn the_consumer_names_the_word_to_wake_only_when_somebody_waits() {
    let mapping = Mapping::smallest();
    let (producer, consumer) = (mapping.create(), mapping.consumer());
    assert!(consumer.waiters().is_none());
    let value = producer.prepare_wait();
    assert!(consumer.waiters().is_some());
    assert_ne!(
        producer
            .wait_word()
            .load(std::sync::atomic::Ordering::Relaxed),
        value
    );
    assert!(consumer.waiters().is_none());
}

proptest! {
    #[test]
    fn the_ring_is_a_queue_over_many_laps(
        steps in prop::collection::vec((any::<bool>(), 1_usize..6000), 1..400),
    ) {
        let mapping = Mapping::smallest();
        let (producer, mut consumer) = (mapping.create(), mapping.consumer());
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        let mut out = Vec::new();
        for (number, (push, length)) in steps.into_iter().enumerate() {
            if push {
                let record: Vec<u8> = (0..length).map(|at| (at + number) as u8).collect();
                let used: u64 = model.iter().map(|record| cells_for(record.len())).sum();
                let room = producer.layout().cells as u64 - used >= cells_for(length);
                prop_assert_eq!(producer.is_full_for(length), !room);
                prop_assert_eq!(producer.push(&record).is_ok(), room);
                if room {
                    model.push_back(record);
                }
            } else {
                let expected = model.pop_front();
                prop_assert_eq!(consumer.pop(&mut out).unwrap().is_some(), expected.is_some());
                prop_assert_eq!(&out, &expected.unwrap_or_default());
            }
        }
    }
}
