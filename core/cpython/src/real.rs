//! The functions behind ours: what the program would have called without this library.

use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

/// The address of a symbol anywhere in the process.
pub(crate) fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: `name` is NUL-terminated; the lookup has no side effects.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

/// The next definition of a libc function after this library's, found once.
pub(crate) struct Next {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Next {
    /// The function of this name.
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self {
            name,
            address: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// Its address; null if no library behind this one has it.
    #[inline]
    pub(crate) fn address(&self) -> *mut c_void {
        let address = self.address.load(Ordering::Relaxed);
        if !address.is_null() {
            return address;
        }
        // SAFETY: as `symbol`; every caller finds the same address, so that racing stores do no harm.
        let address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.address.store(address, Ordering::Relaxed);
        address
    }
}

/// The function behind ours with the signature given, in an unsafe block: `next!("open64": fn(*const c_char, c_int) -> c_int)(path, flags)`.
macro_rules! next {
    ($name:literal : fn($($argument:ty),*) $(-> $result:ty)?) => {{
        static NEXT: $crate::real::Next = $crate::real::Next::new($name);
        let address = NEXT.address();
        if address.is_null() {
            $crate::fatal::missing_function($name);
        }
        // The caller says `unsafe`: the function of this name has this signature.
        core::mem::transmute::<*mut core::ffi::c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>(address)
    }};
}
pub(crate) use next;

/// The process's environment, as `execv` and `system` take it.
pub(crate) fn environment() -> *const *const c_char {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    // SAFETY: libc's variable; read once, as libc's own functions do.
    unsafe { environ }
}
