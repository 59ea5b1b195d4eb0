//! The preload library: a C audit hook in unmodified interpreters, and libc functions in front of libc's own.
//!
//! One shared object that links to no libpython and serves CPython 3.8 to 3.14, shared and static. In a process without an
//! interpreter it announces the process and then only watches what it executes.
//!
//! # Rules of this code
//!
//! It runs inside programs that know nothing of it: in signal handlers, between `vfork` and `exec`, in threads with
//! small stacks, while the interpreter starts and ends. So it takes no locks, does not allocate from the heap, keeps
//! no descriptor open and leaves `errno` alone. What it cannot do safely it does not do, and a program that it can no
//! longer watch does not go on (`fatal`).
//!
//! # Map
//!
//! `python` is the hook, the reader of Python's objects and the decoder of an event's arguments; `interpose` are the libc
//! functions; `judge` takes an event to its verdict and record; `policy` is the mapped image, `channel` the way to the
//! supervisor; `paths` resolves.

#![cfg_attr(
    test,
    expect(
        dead_code,
        reason = "the tests' own process is not interposed: nothing calls the functions of libc"
    )
)]

mod address;
mod channel;
mod environment;
mod fatal;
mod granted;
mod interpose;
mod judge;
mod keyed;
mod load_check;
mod mapped;
mod modules;
mod paths;
mod pending;
mod plugins;
mod policy;
mod pool;
mod process;
mod python;
mod raise;
mod real;
mod room;

use core::ffi::{c_char, c_int};

/// Runs when the library is loaded, before `main`; glibc hands constructors what `main` gets.
#[cfg(not(test))]
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: unsafe extern "C" fn(c_int, *mut *const c_char, *mut *const c_char) = begin;

/// The constructor.
///
/// # Safety
/// Called once by the dynamic loader, before the process has a second thread.
unsafe extern "C" fn begin(_: c_int, arguments: *mut *const c_char, _: *mut *const c_char) {
    // SAFETY: passed on to the caller.
    match unsafe { process::begin(arguments) } {
        Ok(true) => {}
        Ok(false) => return,
        Err(reason) => fatal::fault(&[reason.as_bytes()]),
    }
    if !keyed::draw() {
        fatal::fault(&[b"the kernel has no random numbers for this process"]);
    }
    if real::symbol(c"PySys_AddAuditHook").is_some() {
        begin_interpreter();
    } else {
        channel::announce(false);
    }
}

/// Watches the interpreter in this process, if there is one and it is not watched yet. Returns whether there is nothing
/// left to do: `false` while an interpreter has ended and no other has started.
fn begin_interpreter() -> bool {
    if process::run_directory().is_empty() || real::symbol(c"PySys_AddAuditHook").is_none() {
        return true;
    }
    if channel::ring().is_none() {
        policy::begin();
        python::startup::begin();
        channel::announce(true);
    } else if !python::hook::is_registered() {
        // An interpreter that ended has forgotten its hooks. They must not be added while it still ends: only when the next
        // one is there, which then runs the user's code.
        if !python::api::is_initialized() {
            return false;
        }
        python::startup::arm();
    }
    register();
    true
}

/// Adds the hook, or ends the process: it would run unwatched.
fn register() {
    if !python::hook::register() {
        fatal::fault(&[b"the interpreter does not take an audit hook"]);
    }
}

/// A program is about to initialise its interpreter through a function that this library stands in front of.
fn before_initialisation() {
    if channel::ring().is_some() {
        register();
    } else {
        begin_interpreter();
    }
}
