//! Memory that is mapped once, when it is first asked for, and never unmapped: no heap, no lock.

use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, Ordering};

/// So many places for a `T`, zeroed until they are written to.
pub(crate) struct Mapped<T, const COUNT: usize>(AtomicPtr<T>);

impl<T, const COUNT: usize> Mapped<T, COUNT> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// The first place; `None` if there is no memory.
    pub(crate) fn base(&self) -> Option<*mut T> {
        let base = self.0.load(Ordering::Acquire);
        if !base.is_null() {
            return Some(base);
        }
        let mapped = map(COUNT)?;
        match self.0.compare_exchange(
            core::ptr::null_mut(),
            mapped,
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => Some(mapped),
            Err(first) => {
                // SAFETY: mapped above, and nobody else knows of it.
                unsafe { unmap(mapped, COUNT) };
                Some(first)
            }
        }
    }
}

/// Maps so many places; `None` if there is no memory.
pub(crate) fn map<T>(count: usize) -> Option<*mut T> {
    // SAFETY: a fresh private mapping; pages are only taken when they are touched.
    let memory = unsafe {
        libc::mmap(
            core::ptr::null_mut(),
            size_of::<T>() * count,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    (memory != libc::MAP_FAILED).then_some(memory.cast())
}

/// Unmaps what [`map`] gave.
///
/// # Safety
/// Mapped with the same count, and used by nobody.
pub(crate) unsafe fn unmap<T>(places: *mut T, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(places.cast::<c_void>(), size_of::<T>() * count) };
}
