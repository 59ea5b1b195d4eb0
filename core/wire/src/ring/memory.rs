//! The mapping, seen as atomics. All the pointer arithmetic of the ring is here.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{CELL, HEADER, Layout, RingError};

/// `AHRING` and the format's number.
pub(super) const FORMAT: u64 = u64::from_le_bytes(*b"AHRING\0\x01");

/// The first words of the mapping. A cache line apart where both sides would fight for one.
#[repr(C, align(64))]
pub(super) struct Header {
    pub(super) format: AtomicU64,
    pub(super) tail: Line<AtomicU64>,
    pub(super) head: Line<AtomicU64>,
    /// 1 while the consumer wants the doorbell for the next record.
    pub(super) sleeping: Line<AtomicU32>,
    /// 1 while some producer waits for room.
    pub(super) waiting: Line<AtomicU32>,
    /// The futex that waiting producers sleep on.
    pub(super) wait_word: AtomicU32,
    /// How many records were dropped since the ring was made.
    pub(super) lost: Line<AtomicU64>,
}

#[repr(C, align(64))]
pub(super) struct Line<T>(pub(super) T);

const _: () = assert!(size_of::<Header>() <= HEADER);

/// A mapping of at least `layout.mapping_len()` bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    base: NonNull<u8>,
    pub(super) layout: Layout,
}

// SAFETY: everything in the mapping is reached through atomics, or through `write`, whose caller owns the cells.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// # Safety
    /// `base` points to `len` bytes that stay mapped, readable and writable for as long as the result (or a copy) is used, and that
    /// this process touches only through this module.
    pub(super) unsafe fn new(base: *mut u8, len: usize) -> Result<Self, RingError> {
        let layout = Layout::of_mapping(len)?;
        match NonNull::new(base) {
            Some(base) if base.addr().get() % HEADER == 0 => Ok(Self { base, layout }),
            _ => Err(RingError::Alignment),
        }
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: `new`'s caller promised the memory, which is longer than a header and aligned to a page; all fields are
        // atomics, for which any bytes are valid and shared references are enough.
        unsafe { self.base.cast::<Header>().as_ref() }
    }

    /// The commit word of the cell at this position.
    pub(super) fn commit(&self, position: u64) -> &AtomicU64 {
        let place = self.layout.place(position);
        // SAFETY: `place` is below the number of cells, and the commit words of all cells stand behind the header; eight divides
        // the header's length.
        unsafe {
            self.base
                .add(HEADER)
                .cast::<AtomicU64>()
                .add(place)
                .as_ref()
        }
    }

    /// Copies `record` into the cells from `position` on.
    ///
    /// # Safety
    /// The caller has reserved these cells and not committed them: no other thread that keeps to the protocol touches them.
    pub(super) unsafe fn write(&self, position: u64, record: &[u8]) {
        let start = self.layout.place(position) * CELL;
        let (first, second) = record.split_at(record.len().min(self.layout.capacity() - start));
        let cells = self.cells();
        // SAFETY: `first` ends at or before the end of the cells, `second` starts at their beginning and is shorter than a
        // record, which is shorter than the ring; the source is a private slice. The caller owns the target.
        unsafe {
            cells
                .add(start)
                .copy_from_nonoverlapping(NonNull::from(first).cast(), first.len());
            cells.copy_from_nonoverlapping(NonNull::from(second).cast(), second.len());
        }
    }

    /// Appends `length` bytes from `position` on to `out`.
    ///
    /// Word by word, with relaxed loads: a hostile process may be writing to them now, which must not be undefined here.
    pub(super) fn read(&self, position: u64, length: usize, out: &mut Vec<u8>) {
        let words = self.layout.capacity() / 8;
        let start = self.layout.place(position) * (CELL / 8);
        out.reserve(length.next_multiple_of(8));
        let before = out.len();
        for index in 0..length.div_ceil(8) {
            let place = (start + index) & (words - 1);
            // SAFETY: `place` is below the number of words in the cells, which is a power of two; the cells are aligned to eight.
            let word = unsafe { self.cells().cast::<AtomicU64>().add(place).as_ref() };
            out.extend_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        out.truncate(before + length);
    }

    fn cells(&self) -> NonNull<u8> {
        // SAFETY: the cells stand behind the commit words, inside the mapping that `new`'s caller promised.
        unsafe { self.base.add(HEADER + self.layout.cells * 8) }
    }
}
