//! The interface `audithook.command/1`: what a plugin does when it is asked.

use core::ffi::c_void;

use crate::Value;
use crate::arrow::ArrowArrayStream;
use crate::plugin::{RawInstance, RawReply, RawStr, Sized32};

/// The id of the interface.
pub const INTERFACE_COMMAND: &str = "audithook.command/1";

/// A switch without a value: a bool, never null.
pub const PARAM_FLAG: u32 = 1;
/// Text.
pub const PARAM_STR: u32 = 2;
/// Bytes as the command line has them.
pub const PARAM_BYTES: u32 = 3;
/// A path.
pub const PARAM_PATH: u32 = 4;
/// A number that may be negative.
pub const PARAM_I64: u32 = 5;
/// A number that is not negative.
pub const PARAM_U64: u32 = 6;
/// A number with a fraction; never NaN.
pub const PARAM_F64: u32 = 7;
/// Bytes, typed as `4096`, `64KiB`, `1.5MB`.
pub const PARAM_SIZE: u32 = 8;
/// Nanoseconds, typed as `250ms`, `1.5s`, `2m`.
pub const PARAM_DURATION: u32 = 9;

/// Given by its place.
pub const PARAM_POSITIONAL: u32 = 1;
/// Must be given.
pub const PARAM_REQUIRED: u32 = 2;
/// May be given several times: a list.
pub const PARAM_REPEATED: u32 = 4;

/// Nothing to say.
pub const ANSWER_NONE: u32 = 0;
/// One value.
pub const ANSWER_VALUE: u32 = 1;
/// A stream of bytes.
pub const ANSWER_BYTES: u32 = 2;
/// A table.
pub const ANSWER_TABLE: u32 = 3;

/// Without a verb.
pub const COMMAND_DEFAULT: u32 = 1;
/// It reads what is piped in.
pub const COMMAND_READS_INPUT: u32 = 2;

/// One parameter of a command: `ah_param`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawParam {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// `PARAM_FLAG` and its kin.
    pub r#type: u32,
    /// `PARAM_POSITIONAL` and its kin.
    pub flags: u32,
    /// The letter behind one dash; 0 for none.
    pub letter: u32,
    /// The word behind two dashes.
    pub name: RawStr,
    /// One line.
    pub summary: RawStr,
    /// What help shows for the value.
    pub value_name: RawStr,
    /// As it would be typed; empty for none.
    pub default_value: RawStr,
    /// The only texts that are taken.
    pub choices: *const RawStr,
    /// How many.
    pub n_choices: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: constant data in static storage; the pointers lead to constant data.
unsafe impl Send for RawParam {}
// SAFETY: as above.
unsafe impl Sync for RawParam {}

/// `ah_stream.next`.
pub type NextFn = unsafe extern "C" fn(*mut c_void, *mut RawReply, *mut RawStr) -> i32;
/// A `close`.
pub type CloseFn = unsafe extern "C" fn(*mut c_void);

/// A stream of bytes, pulled piece by piece: `ah_stream`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawStream {
    /// The first argument of both.
    pub ctx: *mut c_void,
    /// The next piece.
    pub next: Option<NextFn>,
    /// Ends the stream.
    pub close: Option<CloseFn>,
}

impl RawStream {
    /// No stream.
    pub const NONE: Self = Self {
        ctx: core::ptr::null_mut(),
        next: None,
        close: None,
    };
}

/// `ah_call.progress`.
pub type ProgressFn = unsafe extern "C" fn(*mut c_void, u64, u64, RawStr);
/// `ah_call.cancelled`.
pub type CancelledFn = unsafe extern "C" fn(*mut c_void) -> i32;

/// One call of a command: `ah_call`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawCall {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// As many as the command has parameters.
    pub n_args: u32,
    /// In the parameters' order.
    pub args: *const Value<'static>,
    /// Bytes from one to the next.
    pub arg_stride: u32,
    /// 0.
    pub reserved: u32,
    /// What is piped in.
    pub input: *const RawStream,
    /// The first argument of what follows.
    pub ctx: *mut c_void,
    /// How far it is.
    pub progress: Option<ProgressFn>,
    /// Whether nobody waits any more.
    pub cancelled: Option<CancelledFn>,
}

/// What a command answers: `ah_answer`.
#[repr(C)]
#[derive(Debug)]
pub struct RawAnswer {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// `ANSWER_NONE` and its kin.
    pub kind: u32,
    /// For [`ANSWER_VALUE`].
    pub value: Value<'static>,
    /// For [`ANSWER_BYTES`].
    pub bytes: RawStream,
    /// For [`ANSWER_TABLE`]: where to put it.
    pub table: *mut ArrowArrayStream,
    /// The first argument of what follows.
    pub ctx: *mut c_void,
    /// The exit status.
    pub status: Option<unsafe extern "C" fn(*mut c_void) -> i32>,
    /// Nothing is read any more.
    pub close: Option<CloseFn>,
}

/// `ah_command.call`.
pub type CallFn =
    unsafe extern "C" fn(*mut RawInstance, *const RawCall, *mut RawReply, *mut RawAnswer) -> i32;

/// One command: `ah_command`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawCommand {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// `COMMAND_DEFAULT | COMMAND_READS_INPUT`.
    pub flags: u32,
    /// The verb.
    pub name: RawStr,
    /// One line.
    pub summary: RawStr,
    /// What `--help` says beyond that.
    pub help: RawStr,
    /// `n_params` parameters, `param_stride` bytes apart.
    pub params: *const RawParam,
    /// How many.
    pub n_params: u32,
    /// Bytes from one to the next.
    pub param_stride: u32,
    /// Does it.
    pub call: Option<CallFn>,
}

// SAFETY: constant data in static storage; the pointers lead to constant data and code.
unsafe impl Send for RawCommand {}
// SAFETY: as above.
unsafe impl Sync for RawCommand {}

/// The interface's table: `ah_commands`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawCommands {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// How many.
    pub n_commands: u32,
    /// `n_commands` commands, `command_stride` bytes apart.
    pub commands: *const RawCommand,
    /// Bytes from one to the next.
    pub command_stride: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: constant data in static storage; the pointers lead to constant data and code.
unsafe impl Send for RawCommands {}
// SAFETY: as above.
unsafe impl Sync for RawCommands {}

// SAFETY: repr(C), `struct_size` first, and integers, raw pointers and `Option`s of functions may be zero.
unsafe impl Sized32 for RawParam {
    const SIZE_1_0: u32 = 96;
}
// SAFETY: as above.
unsafe impl Sized32 for RawCall {
    const SIZE_1_0: u32 = 56;
}
// SAFETY: as above.
unsafe impl Sized32 for RawCommand {
    const SIZE_1_0: u32 = 80;
}
// SAFETY: as above.
unsafe impl Sized32 for RawCommands {
    const SIZE_1_0: u32 = 24;
}
