//! The side that pushes: no allocation, no locks, safe in signal handlers.

use core::sync::atomic::{AtomicU32, Ordering, fence};

use super::memory::{FORMAT, Memory};
use super::{Layout, RingError, cells_for};
use crate::flat::MAX_RECORD;

/// Pushes records; any number of threads of one process may share one.
///
/// A forked child must not push into its parent's ring: records would carry the parent's identity. It makes a ring of its own.
#[derive(Debug)]
pub struct Producer {
    memory: Memory,
}

/// A record is in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the consumer may be asleep"]
pub struct Pushed {
    /// Send the consumer a doorbell: it sleeps (of several records that find it asleep, one says so), or another quarter of
    /// the ring has been filled.
    pub doorbell: bool,
}

/// There is no room for the record now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the ring is full")
    }
}

impl core::error::Error for Full {}

impl Producer {
    /// Makes a ring in fresh memory, which is all zeros and has the length of a [`Layout`].
    ///
    /// # Errors
    /// If no layout has this length, or the mapping is not aligned to a page.
    ///
    /// # Safety
    /// `base` points to `len` zero bytes that are a shared mapping, stay mapped as long as the producer is used, and are touched
    /// by this process through producers and consumers only.
    pub unsafe fn create(base: *mut u8, len: usize) -> Result<Self, RingError> {
        // SAFETY: passed on to the caller.
        let memory = unsafe { Memory::new(base, len)? };
        memory.header().format.store(FORMAT, Ordering::Release);
        Ok(Self { memory })
    }

    /// Joins a ring that this process made.
    ///
    /// # Errors
    /// As [`Producer::create`], and if the memory does not hold a ring of this format.
    ///
    /// # Safety
    /// As [`Producer::create`], but for the zeros.
    pub unsafe fn attach(base: *mut u8, len: usize) -> Result<Self, RingError> {
        // SAFETY: passed on to the caller.
        let memory = unsafe { Memory::new(base, len)? };
        match memory.header().format.load(Ordering::Acquire) {
            FORMAT => Ok(Self { memory }),
            format => Err(RingError::Format(format)),
        }
    }

    /// The ring's geometry.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.memory.layout
    }

    /// Pushes a record of up to [`MAX_RECORD`] bytes; an empty one is nothing. When this returns [`Pushed`], the record
    /// outlives the process.
    ///
    /// # Errors
    /// [`Full`] if there is no room now. Never full for ever, except for a record that is too long.
    #[inline]
    pub fn push(&self, record: &[u8]) -> Result<Pushed, Full> {
        if record.is_empty() {
            return Ok(Pushed { doorbell: false });
        }
        if record.len() > MAX_RECORD {
            return Err(Full);
        }
        let cells = cells_for(record.len());
        let (position, doorbell) = self.reserve(cells)?;
        // SAFETY: the cells from `position` on were reserved for this call, and the commit comes below.
        unsafe { self.memory.write(position, record) };
        let word = self.memory.layout.commit_word(position, record.len());
        // A swap, not a store: on x86 it is the cheapest store that the load of `sleeping` below cannot overtake.
        self.memory.commit(position).swap(word, Ordering::SeqCst);
        let sleeping = &self.memory.header().sleeping.0;
        let woken = sleeping.load(Ordering::SeqCst) == 1 && sleeping.swap(0, Ordering::SeqCst) == 1;
        Ok(Pushed {
            doorbell: woken || doorbell,
        })
    }

    /// Whether [`Producer::push`] of that many bytes would fail now. Wait-free.
    #[must_use]
    pub fn is_full_for(&self, length: usize) -> bool {
        let header = self.memory.header();
        let head = header.head.0.load(Ordering::Acquire);
        let tail = header.tail.0.load(Ordering::Relaxed);
        length > MAX_RECORD || !self.has_room(head, tail, cells_for(length))
    }

    /// Announces that this thread is going to wait for room, and gives the value to wait with:
    ///
    /// 1. `let value = producer.prepare_wait()`;
    /// 2. `push` again, for there may be room now;
    /// 3. `FUTEX_WAIT` (not private) on [`Producer::wait_word`] while it is `value`, with a timeout: the consumer may die;
    /// 4. start again.
    #[must_use]
    pub fn prepare_wait(&self) -> u32 {
        let header = self.memory.header();
        let value = header.wait_word.load(Ordering::Acquire);
        header.waiting.0.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        value
    }

    /// The futex word that the consumer changes when it has made room.
    #[must_use]
    pub fn wait_word(&self) -> &AtomicU32 {
        &self.memory.header().wait_word
    }

    /// Counts records that the caller gave up.
    pub fn note_lost(&self, records: u64) {
        self.memory
            .header()
            .lost
            .0
            .fetch_add(records, Ordering::Relaxed);
    }

    /// Takes `cells` cells. Their position, and whether another quarter of the ring is filled with them.
    pub(super) fn reserve(&self, cells: u64) -> Result<(u64, bool), Full> {
        let header = self.memory.header();
        loop {
            // `head` first: it may only be too old, which makes the ring seem fuller than it is.
            let head = header.head.0.load(Ordering::Acquire);
            let tail = header.tail.0.load(Ordering::Relaxed);
            if !self.has_room(head, tail, cells) {
                return Err(Full);
            }
            let new = tail.wrapping_add(cells);
            // Fails only if another thread got in between: some thread always gets on.
            if header
                .tail
                .0
                .compare_exchange_weak(tail, new, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                let quarter = self.memory.layout.cells as u64 / 4;
                return Ok((tail, tail / quarter != new / quarter));
            }
        }
    }

    fn has_room(&self, head: u64, tail: u64, cells: u64) -> bool {
        let capacity = self.memory.layout.cells as u64;
        let used = tail.wrapping_sub(head);
        used <= capacity && capacity - used >= cells
    }
}
