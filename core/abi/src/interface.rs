//! The interfaces by which a plugin describes its events, derives arguments, and hands over its state.

use crate::plugin::{RawInstance, RawReply, RawSink, RawStr, Sized32};
use crate::{Event, Value};

/// The id of the interface that declares events.
pub const INTERFACE_EVENTS: &str = "audithook.events/1";
/// The id of the interface that derives arguments.
pub const INTERFACE_FIELDS: &str = "audithook.fields/1";
/// The id of the interface that hands over state.
pub const INTERFACE_STATE: &str = "audithook.state/1";

/// One argument of an event, or one derived field: `ah_arg_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawArgInfo {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// A [`Tag`](crate::Tag)'s number.
    pub tag: u32,
    /// Its name.
    pub name: RawStr,
    /// One line.
    pub summary: RawStr,
}

/// One event that a plugin raises: `ah_event_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawEventInfo {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// The version of the arguments' schema.
    pub schema: u32,
    /// Its name, which begins with the plugin's.
    pub name: RawStr,
    /// One line.
    pub summary: RawStr,
    /// `n_args` arguments, `arg_stride` bytes apart.
    pub args: *const RawArgInfo,
    /// How many.
    pub n_args: u32,
    /// Bytes from one to the next.
    pub arg_stride: u32,
}

/// The table of [`INTERFACE_EVENTS`]: `ah_events`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawEvents {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// How many.
    pub n_events: u32,
    /// `n_events` events, `event_stride` bytes apart.
    pub events: *const RawEventInfo,
    /// Bytes from one to the next.
    pub event_stride: u32,
    /// 0.
    pub reserved: u32,
}

/// `ah_field.derive`.
pub type DeriveFn =
    unsafe extern "C" fn(*mut RawInstance, *const Event<'_>, *mut RawReply, *mut Value<'_>) -> i32;

/// One derived field: `ah_field`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawField {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Name, summary and tag.
    pub info: *const RawArgInfo,
    /// The names and globs of events, separated by one space.
    pub on: RawStr,
    /// Derives it.
    pub derive: Option<DeriveFn>,
}

/// The table of [`INTERFACE_FIELDS`]: `ah_fields`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawFields {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// How many.
    pub n_fields: u32,
    /// `n_fields` fields, `field_stride` bytes apart.
    pub fields: *const RawField,
    /// Bytes from one to the next.
    pub field_stride: u32,
    /// 0.
    pub reserved: u32,
}

/// The table of [`INTERFACE_STATE`]: `ah_state`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawState {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes the state.
    pub save: Option<unsafe extern "C" fn(*mut RawInstance, *const RawSink) -> i32>,
    /// Takes it over.
    pub restore: Option<unsafe extern "C" fn(*mut RawInstance, RawStr, *mut RawReply) -> i32>,
}

macro_rules! tables {
    ($($table:ty: $size:literal),* $(,)?) => {$(
        // SAFETY: constant data in static storage; the pointers lead to constant data and code.
        unsafe impl Send for $table {}
        // SAFETY: as above.
        unsafe impl Sync for $table {}
        // SAFETY: repr(C), `struct_size` first, and integers, raw pointers and `Option`s of functions may be zero.
        unsafe impl Sized32 for $table {
            const SIZE_1_0: u32 = $size;
        }
    )*};
}

tables! {
    RawArgInfo: 40,
    RawEventInfo: 56,
    RawEvents: 24,
    RawField: 40,
    RawFields: 24,
    RawState: 24,
}
