//! A ring of records in memory that two processes map: the threads of one push, the other pops.
//!
//! # What it promises
//!
//! A record whose [`Producer::push`] returned is popped, whatever happens to its process afterwards; so are the records
//! behind a gap that a thread left when it died between reserving and committing. Nobody holds a lock: a thread that
//! is stopped, killed, or interrupted by a signal handler that pushes too, keeps no other thread from pushing.
//!
//! # How
//!
//! ```text
//! header            one page; each word that one side writes often has a cache line of its own
//! commit words      cells × u64: lap << 32 | length of the record that starts in this cell
//! cells             cells × 64 bytes; a record takes as many as it needs, around the end if it must
//! ```
//!
//! Positions count cells from 0 and never wrap (a `u64` of cells outlives the machine); a position's place is its
//! remainder, its *lap* the quotient, plus one.
//!
//! 1. A producer *reserves* by moving `tail` forward (compare and swap) once `head` shows that there is room.
//! 2. It copies the record into its cells.
//! 3. It *commits* by storing lap and length in the commit word of its first cell.
//!
//! The consumer pops where its own position has a commit word of the right lap. Words of an earlier lap do not count, so
//! nothing has to be cleared, and a dead process leaves nothing to repair: cells that are reserved but not committed
//! are a *hole*. While the process lives, a hole stops the consumer ([`Consumer::pop`]): the record will come.
//! When it is dead, [`Consumer::drain_dead`] steps over holes a cell at a time to the next commit word of the lap.
//! Bytes of records cannot pass for the start of one, because commit words stand apart.
//!
//! # Orders of memory
//!
//! | store | load | so that |
//! |---|---|---|
//! | producer: commit word, `SeqCst` swap | consumer: commit word, `SeqCst` | the record's bytes are seen with it |
//! | consumer: `head`, `Release` | producer: `head`, `Acquire` | cells are overwritten only after they were copied out |
//! | consumer: `sleeping`, then loads the commit word | producer: commit word, then loads `sleeping` | at least one sees the other's store: no doorbell is missed (all four are `SeqCst`) |
//! | producer: `waiting`, then loads `head` | consumer: `head`, then loads `waiting` | at least one sees the other's: no waiter is forgotten (a `SeqCst` fence between on both sides) |
//!
//! `tail` itself orders nothing: only its compare and swap has to be atomic.
//!
//! # Trust
//!
//! The producer's process can write anything anywhere in the mapping, at any time. The consumer takes its geometry from the
//! length of the mapping alone ([`Layout::of_mapping`]), keeps its own position outside, copies a record out before
//! anyone looks at it, and does work that is bounded by the capacity. The mapping must not be able to shrink: the
//! caller checks the memfd's seals (`F_SEAL_SHRINK`, `F_SEAL_GROW`) before mapping it.

mod consumer;
mod memory;
mod producer;
#[cfg(test)]
mod tests;

use core::fmt;

pub use consumer::{Consumer, Passed};
pub use producer::{Full, Producer, Pushed};

/// The bytes of a cell.
pub const CELL: usize = 64;

/// The capacity that is good for a process: a start-up of Python with every event journalled is about 1 MiB.
pub const DEFAULT_CAPACITY: usize = 1024 * 1024;

/// No ring is smaller, in bytes of cells: four of the longest records.
pub const MIN_CAPACITY: usize = 4 * crate::flat::MAX_RECORD;

/// No ring is larger, in bytes of cells.
pub const MAX_CAPACITY: usize = 1 << 30;

const HEADER: usize = 4096;

/// The geometry of a ring; a function of the mapping's length alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    cells: usize,
}

impl Layout {
    /// For at least `bytes` of records, between [`MIN_CAPACITY`] and [`MAX_CAPACITY`].
    #[must_use]
    pub const fn for_capacity(bytes: usize) -> Self {
        let bytes = if bytes < MIN_CAPACITY {
            MIN_CAPACITY
        } else if bytes > MAX_CAPACITY {
            MAX_CAPACITY
        } else {
            bytes
        };
        Self {
            cells: bytes.div_ceil(CELL).next_power_of_two(),
        }
    }

    /// Of a mapping of this length.
    ///
    /// # Errors
    /// [`RingError::Length`] if it is not the length of any layout.
    pub const fn of_mapping(len: usize) -> Result<Self, RingError> {
        if len <= HEADER || len > HEADER + (MAX_CAPACITY / CELL) * (CELL + 8) {
            return Err(RingError::Length(len));
        }
        let cells = (len - HEADER) / (CELL + 8);
        let layout = Self { cells };
        if !cells.is_power_of_two() || cells * CELL < MIN_CAPACITY || layout.mapping_len() != len {
            return Err(RingError::Length(len));
        }
        Ok(layout)
    }

    /// How long the mapping is, in bytes; a multiple of the page.
    #[must_use]
    pub const fn mapping_len(&self) -> usize {
        HEADER + self.cells * (CELL + 8)
    }

    /// How many bytes of records it holds when every record fills its cells.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.cells * CELL
    }

    /// The place of a position.
    const fn place(&self, position: u64) -> usize {
        (position & (self.cells as u64 - 1)) as usize
    }

    /// The commit word of a record of `length` bytes that starts at a position.
    const fn commit_word(&self, position: u64, length: usize) -> u64 {
        (self.lap(position) as u64) << 32 | length as u64
    }

    /// 1 on the first way round; 0 is what fresh memory says.
    ///
    /// Wraps after 2^32 laps: 256 TiB of records in the smallest ring.
    const fn lap(&self, position: u64) -> u32 {
        ((position >> self.cells.trailing_zeros()) as u32).wrapping_add(1)
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::for_capacity(DEFAULT_CAPACITY)
    }
}

/// How many cells a record takes.
const fn cells_for(length: usize) -> u64 {
    length.div_ceil(CELL) as u64
}

/// Why a mapping is no ring, or no longer a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// no ring has a mapping of {0} bytes
    Length(usize),
    /// the mapping is not aligned to a page
    Alignment,
    /// the ring has format {0:#x}
    Format(u64),
    /// the ring is corrupt: its tail is not ahead of its head by less than its capacity
    Tail,
    /// the ring is corrupt: a record claims {0} bytes
    RecordLength(usize),
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "no ring has a mapping of {length} bytes"),
            Self::Alignment => f.write_str("the mapping is not aligned to a page"),
            Self::Format(format) => write!(f, "the ring has format {format:#x}"),
            Self::Tail => f.write_str(
                "the ring is corrupt: its tail is not ahead of its head by less than its capacity",
            ),
            Self::RecordLength(length) => {
                write!(f, "the ring is corrupt: a record claims {length} bytes")
            }
        }
    }
}

impl core::error::Error for RingError {}
