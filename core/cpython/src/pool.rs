//! Memory for events being judged: large blocks, claimed without a lock, never on a thread's stack.
//!
//! A Python thread may have a stack of 32 KiB; one event needs more than that. Blocks come from one mapping; when all
//! are claimed (more threads at once than blocks, without a GIL) a block is mapped for the one event.

use core::sync::atomic::{AtomicU32, Ordering};

use audithook_wire::message::MAX_PACKET;

use crate::mapped::{self, Mapped};
use crate::python::decode::Scratch;

const BLOCKS: u32 = 16;

/// What one event needs.
pub(crate) struct Block {
    pub(crate) scratch: Scratch,
    /// Room for the event's record, or for a message about it.
    pub(crate) record: [u8; MAX_PACKET],
}

static BLOCK_MEMORY: Mapped<Block, { BLOCKS as usize }> = Mapped::new();
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
        if let Some(base) = BLOCK_MEMORY.base() {
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
        let block = mapped::map(1)?;
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
                unsafe { mapped::unmap(self.block, 1) };
            }
        }
    }
}

/// In a forked child: the claims of the parent's other threads mean nothing.
pub(crate) fn forget_claims() {
    CLAIMED.store(0, Ordering::Relaxed);
}
