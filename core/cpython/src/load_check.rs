//! An interpreter that was loaded where we could not look: tried again at the next call that comes by.

use core::sync::atomic::{AtomicBool, Ordering};

static WANTED: AtomicBool = AtomicBool::new(false);

/// A library was loaded without a look at what it brought.
pub(crate) fn want() {
    WANTED.store(true, Ordering::Release);
}

/// Looks for an interpreter if a library was loaded meanwhile.
#[inline]
pub(crate) fn run() {
    if WANTED.load(Ordering::Relaxed)
        && WANTED.swap(false, Ordering::AcqRel)
        && !crate::begin_interpreter()
    {
        // An interpreter has ended, and the next one is not there yet.
        want();
    }
}
