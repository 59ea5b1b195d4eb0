//! The side that pops, in the supervisor. It believes nothing that it reads.

use core::sync::atomic::{AtomicU32, Ordering, fence};

use super::memory::{FORMAT, Memory};
use super::{Layout, RingError, cells_for};
use crate::flat::MAX_RECORD;

/// Pops records. One ring has one consumer.
#[derive(Debug)]
pub struct Consumer {
    memory: Memory,
    /// Where the next record is. The copy in the mapping is for the producers; it is never read back.
    head: u64,
    lost: u64,
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many records there were.
    pub records: usize,
    /// It ended before a record that is still being written: those behind it, which may be older than what other rings
    /// gave in the same pass, have to wait for it.
    pub blocked: bool,
}

impl Consumer {
    /// Joins a ring at its beginning.
    ///
    /// # Errors
    /// If no layout has this length, the mapping is not aligned to a page, or it does not hold a ring of this format.
    ///
    /// # Safety
    /// `base` points to `len` bytes that are a shared mapping, cannot shrink, stay mapped as long as the consumer is used, and are
    /// touched by this process through producers and consumers only. Other processes may do as they like.
    pub unsafe fn attach(base: *mut u8, len: usize) -> Result<Self, RingError> {
        // SAFETY: passed on to the caller.
        let memory = unsafe { Memory::new(base, len)? };
        match memory.header().format.load(Ordering::Acquire) {
            FORMAT => Ok(Self {
                memory,
                head: 0,
                lost: 0,
            }),
            format => Err(RingError::Format(format)),
        }
    }

    /// The ring's geometry.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.memory.layout
    }

    /// Replaces `out` by the next record and gives its length; `None` if there is none, or if it is still being written.
    ///
    /// The bytes are the producer's: parse them. A caller that pops until `None` can be kept busy for ever by a process that
    /// pushes without end; [`Consumer::pass`] cannot.
    ///
    /// # Errors
    /// If the ring is corrupt. It stays so: give it up.
    pub fn pop(&mut self, out: &mut Vec<u8>) -> Result<Option<usize>, RingError> {
        out.clear();
        let word = self.memory.commit(self.head).load(Ordering::SeqCst);
        if (word >> 32) as u32 != self.memory.layout.lap(self.head) {
            return Ok(None);
        }
        let length = (word & u64::from(u32::MAX)) as usize;
        if length == 0 || length > MAX_RECORD {
            return Err(RingError::RecordLength(length));
        }
        self.memory.read(self.head, length, out);
        self.advance(cells_for(length));
        Ok(Some(length))
    }

    /// Pops what was in the ring when the pass began: at most its capacity.
    ///
    /// # Errors
    /// If the ring is corrupt; records before that were given to `each`.
    pub fn pass(
        &mut self,
        out: &mut Vec<u8>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<Passed, RingError> {
        let end = self.tail()?;
        let mut records = 0;
        while self.head < end && self.pop(out)?.is_some() {
            each(out);
            records += 1;
        }
        Ok(Passed {
            records,
            blocked: self.head < end,
        })
    }

    /// Pops as [`Consumer::pop`], and steps over records that were never finished. Only for a ring whose process is dead (or
    /// has replaced its program): one that lives may still finish them.
    ///
    /// # Errors
    /// If the ring is corrupt.
    pub fn drain_dead(&mut self, out: &mut Vec<u8>) -> Result<Option<usize>, RingError> {
        let end = self.tail()?;
        while self.head < end {
            if let Some(length) = self.pop(out)? {
                return Ok(Some(length));
            }
            self.advance(1);
        }
        out.clear();
        Ok(None)
    }

    /// How many bytes of the ring are reserved.
    ///
    /// # Errors
    /// If the ring is corrupt.
    pub fn backlog(&self) -> Result<usize, RingError> {
        Ok((self.tail()? - self.head) as usize * super::CELL)
    }

    /// Says that the consumer is going to sleep until a doorbell (`true`), or that it is awake.
    ///
    /// Returns whether there is something to pop after all: then it must not sleep. A record that is committed after this
    /// call sees that the consumer sleeps.
    pub fn set_sleeping(&mut self, sleeping: bool) -> bool {
        let header = self.memory.header();
        header.sleeping.0.store(sleeping.into(), Ordering::SeqCst);
        let word = self.memory.commit(self.head).load(Ordering::SeqCst);
        (word >> 32) as u32 == self.memory.layout.lap(self.head)
    }

    /// To be called after a pass: if producers wait for room, the futex word on which all of them are to be woken
    /// (`FUTEX_WAKE`, not private).
    #[must_use = "producers are waiting"]
    pub fn waiters(&self) -> Option<&AtomicU32> {
        let header = self.memory.header();
        fence(Ordering::SeqCst);
        if header.waiting.0.load(Ordering::Relaxed) == 0 {
            return None;
        }
        header.waiting.0.store(0, Ordering::Relaxed);
        header.wait_word.fetch_add(1, Ordering::Release);
        Some(&header.wait_word)
    }

    /// How many records the producers have dropped since the last call, as they say.
    pub fn take_lost(&mut self) -> u64 {
        let lost = self.memory.header().lost.0.load(Ordering::Relaxed);
        let new = lost.saturating_sub(self.lost);
        self.lost = self.lost.max(lost);
        new
    }

    fn advance(&mut self, cells: u64) {
        self.head += cells;
        // Release: the loads of the record's bytes are done before a producer sees that it may overwrite them.
        self.memory
            .header()
            .head
            .0
            .store(self.head, Ordering::Release);
    }

    /// The producers' position, if it can be true.
    fn tail(&self) -> Result<u64, RingError> {
        let tail = self.memory.header().tail.0.load(Ordering::Relaxed);
        match tail.checked_sub(self.head) {
            Some(used) if used <= self.memory.layout.cells as u64 => Ok(tail),
            _ => Err(RingError::Tail),
        }
    }
}
