//! Real processes, killed at any instant.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::threads::{check, produce, wake};
use super::*;

const THREADS: usize = 3;
const ROUNDS: u32 = 60;

/// One page behind the ring's file: how many records each thread's pushes have returned for.
struct Returned(Mapping);

impl Returned {
    fn of(&self, thread: usize) -> &AtomicU32 {
        assert!(thread < THREADS);
        // SAFETY: inside the page, aligned, and used through atomics by all.
        unsafe { &*self.0.base.cast::<AtomicU32>().add(thread * 16) }
    }
}

/// Not a test of its own: what the killed process runs.
#[test]
fn the_process_that_gets_killed() {
    let Ok(descriptors) = std::env::var("AUDITHOOK_TEST_RING") else {
        return;
    };
    let [ring, returned] = descriptors
        .split_once(',')
        .map(<[&str; 2]>::from)
        .unwrap()
        .map(|number| {
            // SAFETY: the parent left this descriptor open for this process alone.
            unsafe { OwnedFd::from_raw_fd(number.parse().unwrap()) }
        });
    let ring = Mapping::of(ring, Layout::for_capacity(0).mapping_len());
    let returned = Returned(Mapping::of(returned, 4096));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (ring, returned) = (&ring, &returned);
            scope.spawn(move || {
                let producer = ring.producer();
                let count = |pushed| {
                    returned.of(thread).store(pushed, Ordering::SeqCst);
                    true
                };
                produce(&producer, thread as u32, count, || {});
            });
        }
    });
}

fn start(ring: &Mapping, returned: &Returned) -> Child {
    let descriptors = format!(
        "{},{}",
        ring.memfd.as_raw_fd(),
        returned.0.memfd.as_raw_fd()
    );
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "ring::tests::death::the_process_that_gets_killed",
            "--test-threads",
            "1",
        ])
        .env("AUDITHOOK_TEST_RING", descriptors)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn every_record_whose_push_returned_outlives_a_process_killed_at_any_instant() {
    for round in 0..ROUNDS {
        let ring = Mapping::smallest();
        _ = ring.create();
        let returned = Returned(Mapping::new(4096));
        let mut consumer = ring.consumer();
        let mut child = start(&ring, &returned);
        let mut next = [0; THREADS];
        let mut out = Vec::new();

        // Every third round nobody reads while the process lives: it dies waiting before a full ring.
        let reads = round % 3 != 0;
        let begun = Instant::now();
        while (0..THREADS).all(|thread| returned.of(thread).load(Ordering::SeqCst) == 0) {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the process does not start"
            );
            std::thread::yield_now();
        }
        let life = Duration::from_micros(u64::from(round) * 137 % 5000);
        let begun = Instant::now();
        while begun.elapsed() < life {
            if reads {
                consumer
                    .pass(&mut out, |bytes| check(bytes, &mut next))
                    .unwrap();
                wake(&consumer);
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();

        while consumer
            .pass(&mut out, |bytes| check(bytes, &mut next))
            .unwrap()
            .records
            > 0
        {}
        while consumer.drain_dead(&mut out).unwrap().is_some() {
            check(&out, &mut next);
        }
        assert_eq!(consumer.backlog(), Ok(0));
        for (thread, &read) in next.iter().enumerate() {
            let returned = returned.of(thread).load(Ordering::SeqCst);
            // The one in flight may have been committed before `returned` was stored.
            assert!(
                read == returned || read == returned + 1,
                "round {round}, thread {thread}: {returned} pushes returned, {read} records were read"
            );
        }
    }
}
