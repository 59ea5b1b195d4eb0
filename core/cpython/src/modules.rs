//! Which addresses belong to constants of loaded modules.
//!
//! CPython's own event names are string constants: their addresses stay what they are, so that a name can be known by
//! its address. A name that Python code passes to `sys.audit` lies on the heap, where the next name may get the same
//! address: it must be read every time. A pointer is trusted only if it lies in a mapped, not writable segment.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

const MOST_SEGMENTS: usize = 512;

static STARTS: [AtomicUsize; MOST_SEGMENTS] = [const { AtomicUsize::new(0) }; MOST_SEGMENTS];
static ENDS: [AtomicUsize; MOST_SEGMENTS] = [const { AtomicUsize::new(0) }; MOST_SEGMENTS];
static COUNT: AtomicUsize = AtomicUsize::new(0);
static STALE: AtomicBool = AtomicBool::new(true);
/// Odd while the table is being written.
static VERSION: AtomicU64 = AtomicU64::new(0);

/// Whether the address lies in a module's read-only segment.
pub(crate) fn is_constant(address: usize) -> bool {
    if STALE.swap(false, Ordering::AcqRel) {
        read_modules();
    }
    let version = VERSION.load(Ordering::Acquire);
    if version % 2 == 1 {
        return false;
    }
    let count = COUNT.load(Ordering::Relaxed).min(MOST_SEGMENTS);
    // The last segment that begins at or before the address: they are sorted.
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if STARTS[middle].load(Ordering::Relaxed) <= address {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let found = low > 0 && address < ENDS[low - 1].load(Ordering::Relaxed);
    core::sync::atomic::fence(Ordering::Acquire);
    found && VERSION.load(Ordering::Relaxed) == version
}

/// A module was loaded or unloaded: the table is read again when it is next needed.
pub(crate) fn changed() {
    STALE.store(true, Ordering::Release);
}

/// Where the segments begin and end.
struct Segments {
    places: [(usize, usize); MOST_SEGMENTS],
    count: usize,
}

fn read_modules() {
    let version = VERSION.load(Ordering::Relaxed);
    if version % 2 == 1
        || VERSION
            .compare_exchange(version, version + 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
    {
        // Another thread reads; this one goes on without.
        return;
    }
    let mut segments = Segments {
        places: [(0, 0); MOST_SEGMENTS],
        count: 0,
    };
    // SAFETY: the callback gets `segments` back as it is passed here, and does not unwind.
    unsafe { libc::dl_iterate_phdr(Some(add_module), (&raw mut segments).cast::<c_void>()) };
    let segments = &mut segments.places[..segments.count];
    segments.sort_unstable();
    for (place, (start, end)) in segments.iter().enumerate() {
        STARTS[place].store(*start, Ordering::Relaxed);
        ENDS[place].store(*end, Ordering::Relaxed);
    }
    COUNT.store(segments.len(), Ordering::Relaxed);
    VERSION.store(version + 2, Ordering::Release);
}

unsafe extern "C" fn add_module(
    module: *mut libc::dl_phdr_info,
    _size: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the loader passes a valid module, whose headers are mapped as long as it is loaded; `data` is ours.
    let (module, segments, headers) = unsafe {
        let module = &*module;
        let headers = if module.dlpi_phdr.is_null() {
            &[][..]
        } else {
            core::slice::from_raw_parts(module.dlpi_phdr, module.dlpi_phnum.into())
        };
        (module, &mut *data.cast::<Segments>(), headers)
    };
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let start = module.dlpi_addr as usize + header.p_vaddr as usize;
        let Some(place) = segments.places.get_mut(segments.count) else {
            return 1;
        };
        *place = (start, start + header.p_memsz as usize);
        segments.count += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_constant_is_constant_and_the_heap_is_not() {
        assert!(is_constant(c"open".as_ptr() as usize));
        let heap = std::ffi::CString::new("open").expect("no NUL");
        assert!(!is_constant(heap.as_ptr() as usize));
        static mut WRITABLE: [u8; 5] = *b"open\0";
        assert!(!is_constant((&raw const WRITABLE) as usize));
    }
}
