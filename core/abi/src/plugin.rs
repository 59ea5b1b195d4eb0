//! What a plugin offers: the structs of `include/audithook.h` as Rust sees them.
//!
//! The comments of the header are the contract; here stands only what Rust needs to know. Everything a plugin hands over
//! is read through [`read_sized`], so that a field which its header did not have yet reads as zero: hence every function
//! pointer is an `Option`.

use core::ffi::c_void;
use core::marker::PhantomData;

use crate::{Event, RawHost};

/// The major version of the ABI: another one is refused.
pub const ABI_MAJOR: u16 = 1;
/// The minor version of the ABI.
pub const ABI_MINOR: u16 = 0;
/// The first word of a descriptor after its size: `AHPG` in memory.
pub const PLUGIN_MAGIC: u32 = 0x4750_4841;
/// The exported function's name, terminated as `dlsym` wants it.
pub const PLUGIN_ENTRY: &core::ffi::CStr = c"audithook_plugin_entry";

/// The hook can be attached as a gate.
pub const HOOK_GATE: u32 = 1;
/// The hook can be attached as an after; with [`HOOK_GATE`], as an around.
pub const HOOK_AFTER: u32 = 2;
/// The hook can be attached as an observer.
pub const HOOK_OBSERVER: u32 = 4;

/// The same event always gets the same answer, and nothing else happens.
pub const HOOK_PURE: u64 = 1;

/// The plugin may run inside the program that is watched.
pub const PLUGIN_IN_TARGET: u64 = 1;
/// The plugin starts threads of its own.
pub const PLUGIN_OWN_THREADS: u64 = 2;

/// The id of the interface that renders reports.
pub const INTERFACE_REPORT: &str = "audithook.report/1";
/// A report for people.
pub const REPORT_TEXT: u32 = 0;
/// A report for programs: one JSON value.
pub const REPORT_JSON: u32 = 1;

/// Bytes that somebody else owns: `ah_str`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawStr {
    /// The first byte; anything when `len` is 0.
    pub ptr: *const u8,
    /// How many bytes.
    pub len: u64,
}

impl RawStr {
    /// No bytes.
    pub const EMPTY: Self = Self {
        ptr: core::ptr::null(),
        len: 0,
    };

    /// These bytes. The result must not be read after they are gone.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self {
            ptr: text.as_ptr(),
            len: text.len() as u64,
        }
    }

    /// The bytes: `(NULL, 0)` is empty, and so is a NULL with a length, which nobody may read.
    ///
    /// # Safety
    /// `ptr` points to `len` bytes that are readable and unchanged for `'a`, or is null, or `len` is 0.
    #[must_use]
    pub const unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.ptr.is_null() || self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise; the pointer is not null.
        unsafe { core::slice::from_raw_parts(self.ptr, self.len as usize) }
    }
}

/// A plugin's instance, opaque to the host: `ah_instance`.
#[repr(C)]
#[derive(Debug)]
pub struct RawInstance {
    opaque: [u8; 0],
    marker: PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}

/// One attached hook, opaque to the host: `ah_attachment`.
#[repr(C)]
#[derive(Debug)]
pub struct RawAttachment {
    opaque: [u8; 0],
    marker: PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}

/// Where a function says more than its number: `ah_reply`.
#[repr(C)]
#[derive(Debug)]
pub struct RawReply {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// What the gate leaves for the after.
    pub cookie: u64,
    /// The host's own.
    pub call: *mut c_void,
}

impl RawReply {
    /// A reply whose `call` is the host's.
    #[must_use]
    #[inline]
    pub const fn new(cookie: u64, call: *mut c_void) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            reserved: 0,
            cookie,
            call,
        }
    }
}

/// How an operation ended: `ah_outcome`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawOutcome {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// A [`Verdict`](crate::Verdict)'s number.
    pub verdict: i32,
    /// 0, or the operation's errno.
    pub error: i32,
    /// 0.
    pub reserved: u32,
}

impl RawOutcome {
    /// An outcome.
    #[must_use]
    #[inline]
    pub const fn new(verdict: crate::Verdict, error: i32) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            verdict: verdict as i32,
            error,
            reserved: 0,
        }
    }
}

/// `ah_hook.gate`.
pub type GateFn = unsafe extern "C" fn(*mut RawAttachment, *const Event<'_>, *mut RawReply) -> i32;
/// `ah_hook.after`.
pub type AfterFn =
    unsafe extern "C" fn(*mut RawAttachment, *const Event<'_>, *const RawOutcome, u64) -> i32;
/// `ah_hook.observe`.
pub type ObserveFn = unsafe extern "C" fn(*mut RawAttachment, *const Event<'_>) -> i32;

/// One function that a policy can name: `ah_hook`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawHook {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// `HOOK_GATE | HOOK_AFTER | HOOK_OBSERVER`.
    pub kinds: u32,
    /// The function's name.
    pub name: RawStr,
    /// One line.
    pub summary: RawStr,
    /// The JSON Schema of `with`.
    pub with_schema: RawStr,
    /// `HOOK_PURE`.
    pub flags: u64,
    /// The verdict that the author means an error to have.
    pub on_failure: i32,
    /// 0.
    pub reserved: u32,
    /// Judges.
    pub gate: Option<GateFn>,
    /// Sees how the operation ended.
    pub after: Option<AfterFn>,
    /// Sees.
    pub observe: Option<ObserveFn>,
}

// SAFETY: constant data in static storage; the pointers lead to constant data and code.
unsafe impl Send for RawHook {}
// SAFETY: as above.
unsafe impl Sync for RawHook {}

/// One `[[hook]]` that calls the plugin: `ah_attach`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawAttach {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// The place in [`RawPlugin::hooks`].
    pub hook: u32,
    /// The hook's name in the policy.
    pub name: RawStr,
    /// The names and globs of events, separated by one space.
    pub on: RawStr,
    /// A JSON object.
    pub with: RawStr,
}

/// `ah_plugin.create`.
pub type CreateFn =
    unsafe extern "C" fn(*const RawHost, RawStr, *mut RawReply, *mut *mut RawInstance) -> i32;
/// `ah_plugin.destroy`.
pub type DestroyFn = unsafe extern "C" fn(*mut RawInstance);
/// `ah_plugin.attach`.
pub type AttachFn = unsafe extern "C" fn(
    *mut RawInstance,
    *const RawAttach,
    *mut RawReply,
    *mut *mut RawAttachment,
) -> i32;
/// `ah_plugin.detach`.
pub type DetachFn = unsafe extern "C" fn(*mut RawInstance, *mut RawAttachment);
/// `ah_plugin.get_interface`.
pub type PluginInterfaceFn = unsafe extern "C" fn(RawStr) -> *const c_void;
/// The exported function.
pub type EntryFn = unsafe extern "C" fn(u32) -> *const RawPlugin;

/// The plugin: `ah_plugin`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawPlugin {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// [`PLUGIN_MAGIC`].
    pub magic: u32,
    /// [`ABI_MAJOR`] where the plugin was compiled.
    pub abi_major: u16,
    /// [`ABI_MINOR`] where the plugin was compiled.
    pub abi_minor: u16,
    /// The oldest minor version of a host that the plugin can live with.
    pub abi_min_minor: u16,
    /// 0.
    pub reserved: u16,
    /// `PLUGIN_IN_TARGET | PLUGIN_OWN_THREADS`.
    pub flags: u64,
    /// A reversed domain name.
    pub id: RawStr,
    /// The word in `[plugin.NAME]`.
    pub name: RawStr,
    /// The plugin's version.
    pub version: RawStr,
    /// One line.
    pub summary: RawStr,
    /// An SPDX expression.
    pub license: RawStr,
    /// What it was made with.
    pub sdk: RawStr,
    /// The JSON Schema of `config`.
    pub config_schema: RawStr,
    /// `n_hooks` hooks, `hook_stride` bytes apart.
    pub hooks: *const RawHook,
    /// How many.
    pub n_hooks: u32,
    /// Bytes from one to the next.
    pub hook_stride: u32,
    /// Makes an instance.
    pub create: Option<CreateFn>,
    /// Ends an instance.
    pub destroy: Option<DestroyFn>,
    /// Attaches a hook.
    pub attach: Option<AttachFn>,
    /// Ends an attachment.
    pub detach: Option<DetachFn>,
    /// Finds an interface.
    pub get_interface: Option<PluginInterfaceFn>,
}

// SAFETY: constant data in static storage; the pointers lead to constant data and code.
unsafe impl Send for RawPlugin {}
// SAFETY: as above.
unsafe impl Sync for RawPlugin {}

/// Where a report goes: `ah_sink`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawSink {
    /// The size of this struct where the host was compiled.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The host's own.
    pub ctx: *mut c_void,
    /// Takes the next piece.
    pub write: Option<unsafe extern "C" fn(*mut c_void, RawStr) -> i32>,
}

/// The interface `audithook.report/1`: `ah_report`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawReport {
    /// The size of this struct where the plugin was compiled.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes the report.
    pub render: Option<unsafe extern "C" fn(*mut RawInstance, u32, *const RawSink) -> i32>,
}

/// A struct of the ABI that starts with its size and may be shorter or longer in the hands of another version.
///
/// # Safety
/// The type is `repr(C)`, its first field is a `u32` size, and all zeros are a legal value.
pub unsafe trait Sized32: Copy {
    /// The size that version 1.0 of the header gives it: no writer's is smaller.
    const SIZE_1_0: u32;
}

// SAFETY: repr(C), `struct_size` first, and integers, raw pointers and `Option`s of functions may be zero.
unsafe impl Sized32 for RawPlugin {
    const SIZE_1_0: u32 = 192;
}
// SAFETY: as above.
unsafe impl Sized32 for RawHook {
    const SIZE_1_0: u32 = 96;
}
// SAFETY: as above.
unsafe impl Sized32 for RawAttach {
    const SIZE_1_0: u32 = 56;
}
// SAFETY: as above.
unsafe impl Sized32 for RawOutcome {
    const SIZE_1_0: u32 = 16;
}
// SAFETY: as above.
unsafe impl Sized32 for RawReport {
    const SIZE_1_0: u32 = 16;
}
// SAFETY: as above.
unsafe impl Sized32 for RawSink {
    const SIZE_1_0: u32 = 24;
}
// SAFETY: as above.
unsafe impl Sized32 for RawHost {
    const SIZE_1_0: u32 = 96;
}

/// Copies a struct of the other side: what it does not have reads as zero, what this side does not know is left out.
/// `Err` has the size it claims, if that is below the first version's.
///
/// # Safety
/// `from` points to four readable bytes, and to as many as these say.
///
/// # Errors
/// The struct is too small.
pub unsafe fn read_sized<T: Sized32>(from: *const T) -> Result<T, u32> {
    // SAFETY: the caller promises four readable bytes; they need not be aligned.
    let claimed = unsafe { from.cast::<u32>().read_unaligned() };
    if claimed < T::SIZE_1_0 {
        return Err(claimed);
    }
    let mut copy = core::mem::MaybeUninit::<T>::zeroed();
    let length = (claimed as usize).min(size_of::<T>());
    // SAFETY: the caller promises `claimed` readable bytes, the target has `size_of::<T>()`, and `length` is neither's excess.
    // What is not copied stays zero, which the trait declares legal.
    unsafe {
        core::ptr::copy_nonoverlapping(from.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), length);
        Ok(copy.assume_init())
    }
}
