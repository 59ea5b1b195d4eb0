//! The rings of the tree's processes, mapped here; what is in them is hostile input.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};

use audithook_wire::ring::{Consumer, Layout, RingError};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// One ring.
#[derive(Debug)]
pub(crate) struct Ring {
    consumer: Consumer,
    base: *mut core::ffi::c_void,
    length: usize,
    inode: u64,
    buffer: Vec<u8>,
    broken: bool,
}

/// What one look at a ring gave.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    /// How many records there were.
    pub(crate) records: usize,
    /// A record in front is being written: those behind it wait.
    pub(crate) blocked: bool,
    /// The ring is corrupt and is given up.
    pub(crate) error: Option<RingError>,
}

/// Why a process has no ring.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefusedRing {
    /// it sent none
    #[error("it sent none")]
    Missing,
    /// it was lost on the way
    #[error("it was lost on the way, for the supervisor is out of descriptors")]
    Cut,
    /// it is not sealed against shrinking
    #[error("it is not sealed against shrinking")]
    Unsealed,
    /// it has an impossible size: {0}
    #[error("it has an impossible size: {0}")]
    Size(u64),
    /// it cannot be mapped
    #[error("it cannot be mapped")]
    Map(#[from] io::Error),
    /// it does not hold a ring
    #[error("it does not hold a ring")]
    Ring(#[from] RingError),
}

/// Makes the memory of a ring and sends it.
///
/// # Errors
/// If there is no memory, no descriptor, or nobody who waits.
pub(crate) fn lend(connection: &OwnedFd) -> io::Result<()> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = rustix::fs::memfd_create(c"audithook-ring", flags)?;
    let layout = Layout::default();
    rustix::fs::ftruncate(&memory, layout.mapping_len() as u64)?;
    rustix::fs::fcntl_add_seals(
        &memory,
        SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
    )?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [memory.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    rustix::net::sendmsg(
        connection,
        &[io::IoSlice::new(&[1])],
        &mut control,
        SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
    )?;
    Ok(())
}

/// Whether a line of /proc/PID/maps is a mapping of the memfd with this inode (proc_pid_maps(5)).
fn maps_memfd(mapping: &[u8], inode: u64) -> bool {
    let mut fields = (mapping.split(|byte| *byte == b' ')).filter(|field| !field.is_empty());
    fields.nth(4) == Some(inode.to_string().as_bytes())
        && (fields.next()).is_some_and(|path| path.starts_with(b"/memfd:"))
}

impl Ring {
    /// Maps what a process sent.
    pub(crate) fn map(descriptor: &OwnedFd) -> Result<Self, RefusedRing> {
        let seals = rustix::fs::fcntl_get_seals(descriptor.as_fd()).map_err(io::Error::from)?;
        if !seals.contains(SealFlags::SHRINK) {
            return Err(RefusedRing::Unsealed);
        }
        let status = rustix::fs::fstat(descriptor).map_err(io::Error::from)?;
        let size = status.st_size as u64;
        // No process makes a larger one, and each is mapped here.
        let most = Layout::default().mapping_len() as u64;
        if size == 0 || size > most {
            return Err(RefusedRing::Size(size));
        }
        let length = size as usize;
        // SAFETY: a new mapping of a file that cannot shrink, unmapped by Drop and not before.
        let base = unsafe {
            rustix::mm::mmap(
                core::ptr::null_mut(),
                length,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                descriptor,
                0,
            )
        }
        .map_err(io::Error::from)?;
        // SAFETY: the mapping above is `length` bytes, stays mapped as long as the consumer, and this process touches it
        // through the consumer alone.
        match unsafe { Consumer::attach(base.cast(), length) } {
            Ok(consumer) => Ok(Self {
                consumer,
                base,
                length,
                inode: status.st_ino,
                buffer: Vec::new(),
                broken: false,
            }),
            Err(error) => {
                // SAFETY: mapped above, and nobody refers to it.
                let _ = unsafe { rustix::mm::munmap(base, length) };
                Err(error.into())
            }
        }
    }

    /// Whether the process has the ring in its memory: then it is the program that made it.
    pub(crate) fn is_mapped_by(&self, pid: u32) -> bool {
        // Of a process that cannot be looked at nobody knows.
        let maps = std::fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
        maps.split(|byte| *byte == b'\n')
            .any(|mapping| maps_memfd(mapping, self.inode))
    }

    /// Hands over what is there. `dead` says that the process is gone: what it left half written is skipped.
    pub(crate) fn drain(&mut self, dead: bool, mut take: impl FnMut(&[u8])) -> Drained {
        let mut drained = Drained::default();
        if self.broken {
            return drained;
        }
        let result = if dead {
            self.drain_dead(&mut drained, &mut take)
        } else {
            self.consumer
                .pass(&mut self.buffer, &mut take)
                .map(|passed| {
                    drained.records = passed.records;
                    drained.blocked = passed.blocked;
                })
        };
        if let Err(error) = result {
            self.broken = true;
            drained.error = Some(error);
        }
        drained
    }

    fn drain_dead(
        &mut self,
        drained: &mut Drained,
        take: &mut impl FnMut(&[u8]),
    ) -> Result<(), RingError> {
        while self.consumer.drain_dead(&mut self.buffer)?.is_some() {
            take(&self.buffer);
            drained.records += 1;
            if drained.records > self.consumer.layout().capacity() {
                // More than it can hold: somebody writes into it still.
                return Err(RingError::Tail);
            }
        }
        Ok(())
    }

    /// How many records the process gave up since the last time.
    pub(crate) fn take_lost(&mut self) -> u64 {
        self.consumer.take_lost()
    }

    /// Asks for a doorbell (or no longer). Returns whether there is something already.
    pub(crate) fn set_sleeping(&mut self, sleeping: bool) -> bool {
        self.consumer.set_sleeping(sleeping)
    }

    /// Wakes producers that wait for room.
    pub(crate) fn wake_waiters(&mut self) {
        if let Some(word) = self.consumer.waiters() {
            // SAFETY: the word is in the mapping; FUTEX_WAKE does not touch it.
            unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, unmapped once; the consumer is not used any more.
        let _ = unsafe { rustix::mm::munmap(self.base, self.length) };
    }
}
