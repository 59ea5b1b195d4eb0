//! Memory for events being judged: large blocks, claimed without a lock, never on a thread's stack.
//!
//! A Python thread may have a stack of 32 KiB; one event needs more than that. Blocks come from one mapping; when all
//! are claimed (more threads at once than blocks, without a GIL) a block is mapped for the one event.

use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use audithook_wire::message::MAX_PACKET;

use crate::python::decode::Scratch;

const BLOCKS: u32 = 16;

/// What one event needs.
pub(crate) struct Block {
    pub(crate) scratch: Scratch,
    /// Room for the event's record, or for a message about it.
    pub(crate) record: [u8; MAX_PACKET],
}

static BASE: AtomicPtr<Block> = AtomicPtr::new(core::ptr::null_mut());
static CLAIMED: AtomicU32 = AtomicU32::new(0);

/// A claimed block, given back when dropped.
pub(crate) struct Claim {
    block: *mut Block,
    /// The place in the mapping; `None` for a block of its own.
    place: Option<u32>,
}

impl Claim {
    /// Claims a block; `None` if there is no memory.
    pub(crate) fn new() -> Option<Self> {
        if let Some(base) = base() {
            let mut claimed = CLAIMED.load(Ordering::Relaxed);
            loop {
                let place = claimed.trailing_ones();
                if place >= BLOCKS {
                    break;
                }
                match CLAIMED.compare_exchange_weak(
                    claimed,
                    claimed | 1 << place,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => {
                        return Some(Self {
                            // SAFETY: the mapping holds BLOCKS blocks, and `place` is below that.
                            block: unsafe { base.add(place as usize) },
                            place: Some(place),
                        });
                    }
                    Err(now) => claimed = now,
                }
            }
        }
        let block = map(1)?;
        Some(Self { block, place: None })
    }

    /// The block. Its scratch memory is as the last event left it; only what the decoder writes is read.
    pub(crate) fn block(&mut self) -> &mut Block {
        // SAFETY: this claim alone uses the block; zeroed memory is a valid block, and every value stored in it
        // since is plain data.
        unsafe { &mut *self.block }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        match self.place {
            Some(place) => {
                CLAIMED.fetch_and(!(1 << place), Ordering::Release);
            }
            None => {
                // SAFETY: mapped by `new` for this claim alone.
                unsafe { libc::munmap(self.block.cast::<c_void>(), size_of::<Block>()) };
            }
        }
    }
}

/// In a forked child: the claims of the parent's other threads mean nothing.
pub(crate) fn forget_claims() {
    CLAIMED.store(0, Ordering::Relaxed);
}

fn base() -> Option<*mut Block> {
    let base = BASE.load(Ordering::Acquire);
    if !base.is_null() {
        return Some(base);
    }
    let mapped = map(BLOCKS as usize)?;
    match BASE.compare_exchange(
        core::ptr::null_mut(),
        mapped,
        Ordering::AcqRel,
        Ordering::Acquire,
    ) {
        Ok(_) => Some(mapped),
        Err(first) => {
            // SAFETY: mapped above, and nobody else knows of it.
            unsafe {
                libc::munmap(
                    mapped.cast::<c_void>(),
                    size_of::<Block>() * BLOCKS as usize,
                )
            };
            Some(first)
        }
    }
}

fn map(count: usize) -> Option<*mut Block> {
    // SAFETY: a fresh private mapping; pages are only taken when they are touched.
    let memory = unsafe {
        libc::mmap(
            core::ptr::null_mut(),
            size_of::<Block>() * count,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    (memory != libc::MAP_FAILED).then_some(memory.cast())
}
