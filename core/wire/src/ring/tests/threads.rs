use std::sync::atomic::AtomicU32;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;

const THREADS: u32 = 4;
const RECORDS: u32 = 40_000;

/// Thread, number, and a body that depends on both, of a length that does too.
fn record(thread: u32, number: u32, out: &mut Vec<u8>) {
    out.clear();
    out.extend(thread.to_le_bytes());
    out.extend(number.to_le_bytes());
    let length = (number.wrapping_mul(2_654_435_761) >> 20) as usize % 400;
    out.extend(std::iter::repeat_n((thread ^ number) as u8, length));
}

/// Checks a record, and that it is the next one of its thread.
pub(super) fn check(bytes: &[u8], next: &mut [u32]) {
    let thread = u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let number = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    let mut expected = Vec::new();
    record(thread, number, &mut expected);
    assert_eq!(bytes, expected, "thread {thread}, record {number}");
    let next = &mut next[thread as usize];
    assert_eq!(number, *next, "thread {thread}");
    *next += 1;
}

/// Waits for room as the documentation says, but not for ever.
pub(super) fn push_waiting(producer: &Producer, record: &[u8]) -> Pushed {
    loop {
        if let Ok(pushed) = producer.push(record) {
            return pushed;
        }
        let value = producer.prepare_wait();
        if let Ok(pushed) = producer.push(record) {
            return pushed;
        }
        let timeout = libc::timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        let before = Instant::now();
        // SAFETY: the word and the timeout outlive the call.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                producer.wait_word() as *const AtomicU32,
                libc::FUTEX_WAIT,
                value,
                &raw const timeout,
            )
        };
        assert!(
            before.elapsed() < Duration::from_secs(9),
            "a waiting producer was forgotten"
        );
    }
}

pub(super) fn wake(consumer: &Consumer) {
    if let Some(word) = consumer.waiters() {
        let word: *const AtomicU32 = word;
        // SAFETY: the word outlives the call.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
    }
}

/// What a thread of a process pushes, for as long as `goes_on` says so of the number of records that were pushed.
pub(super) fn produce(
    producer: &Producer,
    thread: u32,
    mut goes_on: impl FnMut(u32) -> bool,
    mut doorbell: impl FnMut(),
) {
    let mut bytes = Vec::new();
    let mut number = 0;
    while goes_on(number) {
        record(thread, number, &mut bytes);
        if push_waiting(producer, &bytes).doorbell {
            doorbell();
        }
        number += 1;
    }
}

#[test]
fn a_storm_of_threads_loses_nothing_and_keeps_the_order_of_each_and_nobody_sleeps_through_it() {
    let mapping = Mapping::smallest();
    _ = mapping.create();
    let mut consumer = mapping.consumer();
    let (ring, doorbell) = mpsc::channel();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (mapping, ring) = (&mapping, ring.clone());
            scope.spawn(move || {
                let producer = mapping.producer();
                produce(
                    &producer,
                    thread,
                    |number| {
                        // Pauses, so that the consumer falls asleep now and then.
                        if number % 5000 == 0 {
                            std::thread::sleep(Duration::from_millis(2));
                        }
                        number < RECORDS
                    },
                    || ring.send(()).unwrap(),
                );
            });
        }
        let mut next = [0; THREADS as usize];
        let mut out = Vec::new();
        let mut naps = 0;
        while next.iter().sum::<u32>() < THREADS * RECORDS {
            consumer
                .pass(&mut out, |bytes| check(bytes, &mut next))
                .unwrap();
            wake(&consumer);
            if consumer.set_sleeping(true) {
                continue;
            }
            if next.iter().sum::<u32>() < THREADS * RECORDS {
                naps += 1;
                doorbell
                    .recv_timeout(Duration::from_secs(10))
                    .expect("a doorbell was missed");
            }
            consumer.set_sleeping(false);
        }
        assert!(naps > 0);
        assert_eq!(next, [RECORDS; THREADS as usize]);
    });
    assert_eq!(consumer.backlog(), Ok(0));
}
