//! The memory of the hook's entry in the interpreter's list, which outlives a change of allocators.
//!
//! The entry is allocated when the hook is added, before the interpreter knows which allocators it is to use, and freed
//! when it ends: under `-X dev` or `PYTHONMALLOC=debug` by an allocator that did not make it, which aborts. So the entry's
//! address is learnt when it is made, and where the allocators have changed since, its release goes to the one that made it.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::real;

/// `PyMemAllocatorEx` (Doc/c-api/memory).
#[repr(C)]
#[derive(Clone, Copy)]
struct Allocator {
    context: *mut c_void,
    malloc: Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    calloc: Option<unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void>,
    realloc: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void>,
    free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
}

/// `PYMEM_DOMAIN_RAW`
const RAW: c_int = 0;

/// `PyMem_GetAllocator` and `PyMem_SetAllocator`.
type Exchange = unsafe extern "C" fn(c_int, *mut Allocator);

/// An allocator that is kept while another stands in front of it.
struct Kept(UnsafeCell<MaybeUninit<Allocator>>);

// SAFETY: written while a hook is added or an interpreter ends, which happens in one thread; the functions below read it
// while it stands in front, in the same thread or under the interpreter's own rules for its allocators.
unsafe impl Sync for Kept {}

/// The allocator that made the entry.
static MAKER: Kept = Kept(UnsafeCell::new(MaybeUninit::uninit()));
/// The allocator that is there when the interpreter ends.
static LAST: Kept = Kept(UnsafeCell::new(MaybeUninit::uninit()));
/// The entry.
static ENTRY: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// Runs `add`, which allocates the entry, and learns where it is.
pub(crate) fn watch_allocation(add: impl FnOnce() -> bool) -> bool {
    let Some((get, set)) = exchange() else {
        return add();
    };
    // SAFETY: both functions may be called at any time for this domain; what they read and write are whole allocators, and
    // the one put in front is taken away again below.
    unsafe {
        get(RAW, (*MAKER.0.get()).as_mut_ptr());
        let maker = (*MAKER.0.get()).assume_init();
        let mut watching = Allocator {
            malloc: Some(watched_malloc),
            ..maker
        };
        set(RAW, &raw mut watching);
        let added = add();
        let mut maker = maker;
        set(RAW, &raw mut maker);
        added
    }
}

/// The interpreter is about to free the entry: sees to it that the right allocator does.
pub(crate) fn prepare_release() {
    let Some((get, set)) = exchange() else { return };
    if ENTRY.load(Ordering::Acquire).is_null() {
        return;
    }
    // SAFETY: as above; MAKER was filled in when ENTRY was.
    unsafe {
        get(RAW, (*LAST.0.get()).as_mut_ptr());
        let (maker, last) = (
            (*MAKER.0.get()).assume_init(),
            (*LAST.0.get()).assume_init(),
        );
        let address = |free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>| {
            free.map(|free| free as usize)
        };
        if address(maker.free) == address(last.free) {
            return;
        }
        let mut releasing = Allocator {
            free: Some(release),
            ..last
        };
        set(RAW, &raw mut releasing);
    }
}

fn exchange() -> Option<(Exchange, Exchange)> {
    let get = real::symbol(c"PyMem_GetAllocator")?;
    let set = real::symbol(c"PyMem_SetAllocator")?;
    // SAFETY: CPython's functions of these names have this signature.
    unsafe {
        Some((
            core::mem::transmute::<*mut c_void, Exchange>(get),
            core::mem::transmute::<*mut c_void, Exchange>(set),
        ))
    }
}

unsafe extern "C" fn watched_malloc(context: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: MAKER was filled in before this function was put in front of it.
    let maker = unsafe { (*MAKER.0.get()).assume_init() };
    // SAFETY: the allocator's own function and context.
    let memory = maker.malloc.map_or(core::ptr::null_mut(), |malloc| unsafe {
        malloc(context, size)
    });
    ENTRY.store(memory, Ordering::Release);
    memory
}

unsafe extern "C" fn release(context: *mut c_void, memory: *mut c_void) {
    // SAFETY: both were filled in before this function was put in front.
    let (maker, last) = unsafe {
        (
            (*MAKER.0.get()).assume_init(),
            (*LAST.0.get()).assume_init(),
        )
    };
    let is_entry = !memory.is_null()
        && ENTRY
            .compare_exchange(
                memory,
                core::ptr::null_mut(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok();
    // SAFETY: each allocator's own function and context; the entry goes to the one that made it.
    unsafe {
        if !is_entry {
            if let Some(free) = last.free {
                free(context, memory);
            }
            return;
        }
        if let Some(free) = maker.free {
            free(maker.context, memory);
        }
        if let Some((_, set)) = exchange() {
            let mut last = last;
            set(RAW, &raw mut last);
        }
    }
}
