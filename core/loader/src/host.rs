//! What plugins are offered: the host's table and what stands behind it.

use std::borrow::Cow;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use audithook_abi::{
    ABI_MAJOR, ABI_MINOR, Event, LogLevel, RawHost, RawReply, RawStr, Symbol, Value, Verdict,
    status,
};
use audithook_bus::{Bus, symbol};
use rustix::thread::gettid;
use rustix::time::{ClockId, clock_gettime};

use crate::retained;

/// What the host does for plugins. Called from any thread.
pub trait Services: Send + Sync {
    /// Writes a line to the log. It is one line: control characters are escaped.
    fn log(&self, plugin: &str, level: LogLevel, text: &str) {
        match level {
            LogLevel::Error => tracing::error!(target: "audithook::plugin", plugin, "{text}"),
            LogLevel::Warn => tracing::warn!(target: "audithook::plugin", plugin, "{text}"),
            LogLevel::Info => tracing::info!(target: "audithook::plugin", plugin, "{text}"),
            LogLevel::Debug => tracing::debug!(target: "audithook::plugin", plugin, "{text}"),
            LogLevel::Trace => tracing::trace!(target: "audithook::plugin", plugin, "{text}"),
        }
    }

    /// The number of a name; [`Symbol::NONE`] when the table is full. The same for every instance of this process.
    fn intern(&self, name: &str) -> Symbol;

    /// The text of a number.
    fn text(&self, symbol: Symbol) -> Option<&'static str>;

    /// Raises an event of the plugin and judges it. Raised inside a hook it must reach observers only, never this plugin.
    ///
    /// # Errors
    /// There is no bus, or it does not know the event.
    fn emit(&self, plugin: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        let _ = (plugin, event);
        Err(EmitError::NoBus)
    }
}

/// Why a plugin's event was not raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// there is no bus here
    #[error("there is no bus here")]
    NoBus,
    /// unknown event
    #[error("unknown event")]
    UnknownEvent,
}

/// A bus is all that plugins need: its table of names, and itself for what they emit.
impl Services for Bus {
    fn intern(&self, name: &str) -> Symbol {
        match symbol::intern(name) {
            // Not a name of its own: an argument must not be found under it.
            symbol::OVERFLOW => Symbol::NONE,
            symbol => symbol,
        }
    }

    fn text(&self, symbol: Symbol) -> Option<&'static str> {
        symbol::text(symbol)
    }

    fn emit(&self, _: &str, event: &Event<'_>) -> Result<Verdict, EmitError> {
        if symbol::text(event.id).is_none() {
            return Err(EmitError::UnknownEvent);
        }
        // The bus knows whose hook runs on this thread: nested, the event does not come back to it.
        Ok(match self.raise(event) {
            Ok(allowed) => allowed.verdict(),
            Err(denied) => denied.verdict(),
        })
    }
}

/// What the table's `ctx` points to: one for each instance, never freed, because a thread that outlives its instance may
/// still hold the table. It holds the services weakly, so that nothing else stays.
pub(crate) struct Context {
    table: RawHost,
    plugin: Box<str>,
    services: Weak<dyn Services>,
    alive: AtomicBool,
    counters: Counters,
}

// SAFETY: the table's `ctx` is the context's own address; everything else is shareable.
unsafe impl Sync for Context {}

const LONGEST_NAME: u64 = 256;
const LONGEST_REASON: usize = 1024;
const MOST_ARGS: u32 = 64;

impl Context {
    /// The context of a new instance of `plugin`.
    pub(crate) fn leak(plugin: &str, services: &Arc<dyn Services>) -> &'static Self {
        let context: *mut Self = Box::into_raw(Box::new(Self {
            table: RawHost {
                struct_size: size_of::<RawHost>() as u32,
                abi_major: ABI_MAJOR,
                abi_minor: ABI_MINOR,
                ctx: ptr::null_mut(),
                log: Some(log),
                intern: Some(intern_name),
                text: Some(text),
                emit: Some(emit),
                set_reason: Some(set_reason),
                event_retain: Some(event_retain),
                event_release: Some(event_release),
                now_ns: Some(now_ns),
                counter_add: Some(counter_add),
                get_interface: Some(get_interface),
            },
            plugin: plugin.into(),
            services: Arc::downgrade(services),
            alive: AtomicBool::new(true),
            counters: Counters::new(),
        }));
        // SAFETY: fresh from a box, and from now on shared for ever.
        unsafe {
            (*context).table.ctx = context.cast();
            &*context
        }
    }

    pub(crate) const fn table(&self) -> *const RawHost {
        &raw const self.table
    }

    /// From now on every function does nothing.
    pub(crate) fn end(&self) {
        self.alive.store(false, Ordering::Release);
    }

    /// What the plugin counted, by name.
    pub(crate) fn counters(&self) -> Vec<(Symbol, u64)> {
        self.counters.read()
    }

    /// # Safety
    /// `ctx` is null or the `ctx` of a table.
    unsafe fn of<'a>(ctx: *mut c_void) -> Option<&'a Self> {
        // SAFETY: contexts are never freed.
        let context = unsafe { ctx.cast::<Self>().as_ref() }?;
        context.alive.load(Ordering::Acquire).then_some(context)
    }

    /// Runs `act` with the services; a panic of theirs ends here.
    ///
    /// # Safety
    /// As [`Context::of`].
    unsafe fn with<R>(ctx: *mut c_void, act: impl FnOnce(&Self, &dyn Services) -> R) -> Option<R> {
        // SAFETY: as the caller promises.
        let context = unsafe { Self::of(ctx) }?;
        let services = context.services.upgrade()?;
        catch_unwind(AssertUnwindSafe(|| act(context, &*services))).ok()
    }
}

/// Counters of one instance: a small table without locks, so that a fork at any moment leaves it whole.
struct Counters {
    slots: [Counter; 64],
}

struct Counter {
    name: AtomicU32,
    count: AtomicU64,
}

impl Counters {
    const fn new() -> Self {
        Self {
            slots: [const {
                Counter {
                    name: AtomicU32::new(Symbol::NONE.0),
                    count: AtomicU64::new(0),
                }
            }; 64],
        }
    }

    /// What finds no place is not counted: the header says how many there are.
    fn add(&self, name: Symbol, delta: u64) {
        if name == Symbol::NONE {
            return;
        }
        let first = name.0 as usize % self.slots.len();
        for slot in self.slots[first..].iter().chain(&self.slots[..first]) {
            let taken = match slot.name.load(Ordering::Relaxed) {
                taken if taken != Symbol::NONE.0 => taken,
                free => slot
                    .name
                    .compare_exchange(free, name.0, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|taken| taken, |_| name.0),
            };
            if taken == name.0 {
                slot.count.fetch_add(delta, Ordering::Relaxed);
                return;
            }
        }
    }

    fn read(&self) -> Vec<(Symbol, u64)> {
        self.slots
            .iter()
            .map(|slot| {
                (
                    slot.name.load(Ordering::Relaxed),
                    slot.count.load(Ordering::Relaxed),
                )
            })
            .filter(|&(name, _)| name != Symbol::NONE.0)
            .map(|(name, count)| (Symbol(name), count))
            .collect()
    }
}

/// Where `ah_reply.call` leads: whatever `set_reason` was last given.
pub(crate) type Reason = Option<Cow<'static, str>>;

/// A reply that writes its reason to `reason`.
#[inline]
pub(crate) fn reply_to(reason: &mut Reason, cookie: u64) -> RawReply {
    RawReply::new(cookie, ptr::from_mut(reason).cast())
}

unsafe extern "C" fn log(ctx: *mut c_void, level: u32, line: RawStr) {
    // SAFETY: the header's contract, kept by the plugin: its own `ctx`, and bytes that are readable during the call.
    unsafe {
        Context::with(ctx, |context, services| {
            let text = String::from_utf8_lossy(line.bytes());
            services.log(
                &context.plugin,
                LogLevel::from_number(level),
                &one_line(&text),
            );
        });
    }
}

unsafe extern "C" fn intern_name(ctx: *mut c_void, name: RawStr) -> Symbol {
    if name.len == 0 || name.len > LONGEST_NAME {
        return Symbol::NONE;
    }
    // SAFETY: as in `log`.
    unsafe {
        let Ok(name) = std::str::from_utf8(name.bytes()) else {
            return Symbol::NONE;
        };
        Context::with(ctx, |_, services| services.intern(name)).unwrap_or(Symbol::NONE)
    }
}

unsafe extern "C" fn text(ctx: *mut c_void, symbol: Symbol, out: *mut RawStr) -> i32 {
    if out.is_null() {
        return status::BAD_ARG;
    }
    // SAFETY: as in `log`; `out` is the plugin's own.
    unsafe {
        match Context::with(ctx, |_, services| services.text(symbol)) {
            None => status::UNSUPPORTED,
            Some(None) => status::BAD_ARG,
            Some(Some(text)) => {
                out.write(RawStr::new(text));
                status::OK
            }
        }
    }
}

unsafe extern "C" fn emit(
    ctx: *mut c_void,
    event: Symbol,
    args: *const Value<'_>,
    n_args: u32,
) -> i32 {
    if n_args > MOST_ARGS || (n_args > 0 && (args.is_null() || !args.is_aligned())) {
        return status::BAD_ARG;
    }
    let args = if n_args == 0 {
        &[]
    } else {
        // SAFETY: the plugin's promise: `n_args` values that are readable during the call.
        unsafe { slice::from_raw_parts(args, n_args as usize) }
    };
    let mut event = Event::new(event, args);
    event.pid = std::process::id();
    event.tid = gettid().as_raw_pid().cast_unsigned();
    event.time_ns = monotonic_ns();
    // SAFETY: as in `log`.
    let emitted = unsafe {
        Context::with(ctx, |context, services| {
            services.emit(&context.plugin, &event)
        })
    };
    match emitted {
        Some(Ok(verdict)) => verdict as i32,
        Some(Err(EmitError::UnknownEvent)) => status::BAD_ARG,
        Some(Err(EmitError::NoBus)) | None => status::UNSUPPORTED,
    }
}

unsafe extern "C" fn set_reason(_: *mut c_void, reply: *mut RawReply, text: RawStr) -> i32 {
    // SAFETY: the plugin hands back the reply that its running function was given; the text is readable during the call.
    unsafe {
        let bytes = text.bytes();
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_REASON)]);
        say(reply, &text)
    }
}

/// Writes the reason of a reply.
///
/// # Safety
/// `reply` is null or the reply that a running function of the plugin was given: its `call` is null or a [`Reason`] that lives
/// until that function returns, and nothing else looks at it meanwhile.
pub(crate) unsafe fn say(reply: *mut RawReply, text: &str) -> i32 {
    // SAFETY: the caller's promise.
    let reason = unsafe {
        reply
            .as_ref()
            .and_then(|reply| reply.call.cast::<Reason>().as_mut())
    };
    match reason {
        None => status::BAD_ARG,
        Some(reason) => {
            *reason = Some(Cow::Owned(one_line(text).into_owned()));
            status::OK
        }
    }
}

unsafe extern "C" fn event_retain(
    ctx: *mut c_void,
    event: *const Event<'_>,
) -> *const Event<'static> {
    // SAFETY: the plugin hands over an event that this host gave it, or a copy.
    unsafe {
        match (Context::of(ctx), Event::from_raw(event)) {
            (Some(_), Some(event)) => retained::retain(event),
            _ => ptr::null(),
        }
    }
}

unsafe extern "C" fn event_release(_: *mut c_void, event: *const Event<'_>) {
    if !event.is_null() {
        // SAFETY: the plugin releases what it retained. Even after its end: else the copy would leak.
        unsafe { retained::release(event) };
    }
}

unsafe extern "C" fn now_ns(_: *mut c_void) -> u64 {
    monotonic_ns()
}

unsafe extern "C" fn counter_add(ctx: *mut c_void, counter: Symbol, delta: u64) {
    // SAFETY: as in `log`.
    if let Some(context) = unsafe { Context::of(ctx) } {
        context.counters.add(counter, delta);
    }
}

unsafe extern "C" fn get_interface(_: *mut c_void, _: RawStr) -> *const c_void {
    // Version 1.0 has none to offer.
    ptr::null()
}

fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // Neither part is negative: the clock starts at 0.
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A line stays a line, and a terminal stays as it is.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    Cow::Owned(line)
}
