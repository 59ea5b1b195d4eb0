//! What the host offers to a plugin: `ah_host`, and the numbers of its answers.

use core::ffi::c_void;

use crate::plugin::{RawReply, RawStr};
use crate::{Event, Symbol, Value};

/// What functions of the ABI return beside verdicts.
pub mod status {
    /// Good.
    pub const OK: i32 = 0;
    /// Failed.
    pub const ERROR: i32 = -1;
    /// A panic was caught: the instance is not entered again.
    pub const PANIC: i32 = -2;
    /// An argument, a configuration or an index is missing or cannot be read.
    pub const BAD_ARG: i32 = -4;
    /// Not offered.
    pub const UNSUPPORTED: i32 = -5;
    /// Not now.
    pub const AGAIN: i32 = -6;
    /// Out of memory, or beyond a limit.
    pub const NOMEM: i32 = -7;
}

/// How grave a line of the log is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Something failed.
    Error = 1,
    /// Something is odd.
    Warn = 2,
    /// Something happened.
    Info = 3,
    /// For who looks for a fault.
    Debug = 4,
    /// For who looks for a fault with patience.
    Trace = 5,
}

impl LogLevel {
    /// The level with this ABI number; an unknown one reads as [`LogLevel::Trace`].
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Error,
            2 => Self::Warn,
            3 => Self::Info,
            4 => Self::Debug,
            _ => Self::Trace,
        }
    }
}

/// `ah_host.log`.
pub type LogFn = unsafe extern "C" fn(*mut c_void, u32, RawStr);
/// `ah_host.intern`.
pub type InternFn = unsafe extern "C" fn(*mut c_void, RawStr) -> Symbol;
/// `ah_host.text`.
pub type TextFn = unsafe extern "C" fn(*mut c_void, Symbol, *mut RawStr) -> i32;
/// `ah_host.emit`.
pub type EmitFn = unsafe extern "C" fn(*mut c_void, Symbol, *const Value<'_>, u32) -> i32;
/// `ah_host.set_reason`.
pub type SetReasonFn = unsafe extern "C" fn(*mut c_void, *mut RawReply, RawStr) -> i32;
/// `ah_host.event_retain`.
pub type EventRetainFn =
    unsafe extern "C" fn(*mut c_void, *const Event<'_>) -> *const Event<'static>;
/// `ah_host.event_release`.
pub type EventReleaseFn = unsafe extern "C" fn(*mut c_void, *const Event<'_>);
/// `ah_host.now_ns`.
pub type NowFn = unsafe extern "C" fn(*mut c_void) -> u64;
/// `ah_host.counter_add`.
pub type CounterAddFn = unsafe extern "C" fn(*mut c_void, Symbol, u64);
/// `ah_host.get_interface`.
pub type HostInterfaceFn = unsafe extern "C" fn(*mut c_void, RawStr) -> *const c_void;

/// The host's table: `ah_host`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawHost {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// The host's major version of the ABI.
    pub abi_major: u16,
    /// The host's minor version of the ABI.
    pub abi_minor: u16,
    /// The first argument of every function.
    pub ctx: *mut c_void,
    /// Writes a line to the log.
    pub log: Option<LogFn>,
    /// The number of a name.
    pub intern: Option<InternFn>,
    /// The text of a number.
    pub text: Option<TextFn>,
    /// Raises an event.
    pub emit: Option<EmitFn>,
    /// Says why.
    pub set_reason: Option<SetReasonFn>,
    /// Keeps an event.
    pub event_retain: Option<EventRetainFn>,
    /// Gives a kept event back.
    pub event_release: Option<EventReleaseFn>,
    /// CLOCK_MONOTONIC.
    pub now_ns: Option<NowFn>,
    /// Counts.
    pub counter_add: Option<CounterAddFn>,
    /// Finds an interface of the host.
    pub get_interface: Option<HostInterfaceFn>,
}

// SAFETY: constant data; the header promises that every function may be called from any thread.
unsafe impl Send for RawHost {}
// SAFETY: as above.
unsafe impl Sync for RawHost {}
