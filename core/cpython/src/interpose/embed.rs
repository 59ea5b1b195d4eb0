//! Programs that embed the interpreter: they raise no `cpython.run_*`, so that arming follows their initialisation.

use core::ffi::{c_char, c_int, c_void};

use crate::python::startup;
use crate::real::next;

/// `PyStatus` (PEP 587), returned by value.
#[repr(C)]
pub(crate) struct Status {
    kind: c_int,
    function: *const c_char,
    message: *const c_char,
    exit_code: c_int,
}

/// `Py_Initialize`.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
#[cfg_attr(test, expect(non_snake_case, reason = "the name is CPython's"))]
pub(crate) unsafe extern "C" fn Py_Initialize() {
    crate::before_initialisation();
    // SAFETY: passed on to the caller.
    unsafe { next!(c"Py_Initialize": fn())() };
    startup::arm();
}

/// `Py_InitializeEx`.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
#[cfg_attr(test, expect(non_snake_case, reason = "the name is CPython's"))]
pub(crate) unsafe extern "C" fn Py_InitializeEx(signals: c_int) {
    crate::before_initialisation();
    // SAFETY: passed on to the caller.
    unsafe { next!(c"Py_InitializeEx": fn(c_int))(signals) };
    startup::arm();
}

/// `Py_InitializeFromConfig`.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
#[cfg_attr(test, expect(non_snake_case, reason = "the name is CPython's"))]
pub(crate) unsafe extern "C" fn Py_InitializeFromConfig(config: *const c_void) -> Status {
    crate::before_initialisation();
    // SAFETY: passed on to the caller.
    let status = unsafe { next!(c"Py_InitializeFromConfig": fn(*const c_void) -> Status)(config) };
    startup::arm();
    status
}
