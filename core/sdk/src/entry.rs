//! What the host calls: the functions behind a descriptor, for any plugin.

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr;
use std::sync::Arc;

use audithook_abi::command::{
    ANSWER_BYTES, ANSWER_NONE, ANSWER_VALUE, COMMAND_DEFAULT, COMMAND_READS_INPUT,
    INTERFACE_COMMAND, RawAnswer, RawCall, RawCommand, RawCommands, RawParam, RawStream,
};
use audithook_abi::plugin::{
    ABI_MAJOR, ABI_MINOR, HOOK_AFTER, HOOK_GATE, HOOK_OBSERVER, INTERFACE_REPORT, PLUGIN_MAGIC,
    REPORT_JSON, REPORT_TEXT, read_sized,
};
use audithook_abi::{
    Event, LogLevel, RawAttach, RawAttachment, RawHook, RawHost, RawInstance, RawOutcome,
    RawPlugin, RawReply, RawReport, RawSink, RawStr, Value, Verdict, status,
};
use serde::de::DeserializeOwned;

use crate::answer::Content;
use crate::command::{Call, Command, Given};
use crate::guard::{Poison, log_no_more_panics_through, log_panics_through};
use crate::{
    After, Attach, Failure, Gate, Hook, Host, Observer, Outcome, Plugin, Reply, Report, Result,
};

/// What [`export!`](crate::export!) says about a plugin.
pub trait Export: Plugin {
    /// A reversed domain name.
    const ID: &'static str;
    /// The word in `[plugin.NAME]`.
    const NAME: &'static str;
    /// The plugin's own version.
    const VERSION: &'static str;
    /// One line.
    const SUMMARY: &'static str;
    /// An SPDX expression.
    const LICENSE: &'static str;
    /// `PLUGIN_IN_TARGET | PLUGIN_OWN_THREADS`.
    const FLAGS: u64;
    /// The hooks.
    fn hooks() -> Vec<RawHook>;
    /// What attaches them, in the same order.
    const ATTACH: &'static [AttachHook<Self>];
    /// The commands.
    const COMMANDS: &'static [RawCommand] = &[];
    /// The interfaces.
    const INTERFACES: &'static [(&'static str, Interface)];
}

/// Attaches one type of hook.
pub type AttachHook<P> = fn(&Arc<Instance<P>>, &RawAttach) -> Result<*mut RawAttachment>;

/// The address of a constant table.
#[derive(Clone, Copy, Debug)]
pub struct Interface(*const c_void);

/// What `ah_instance` is.
pub struct Instance<P> {
    plugin: Arc<P>,
    host: Host,
    poison: Poison,
}

/// What `ah_attachment` is. `end` comes first: `detach` does not know the type of the hook.
#[repr(C)]
struct Attachment<H: Hook> {
    end: unsafe fn(*mut RawAttachment),
    instance: Arc<Instance<H::Plugin>>,
    hook: H,
}

const SDK: &str = concat!("audithook-sdk ", env!("CARGO_PKG_VERSION"));

/// The descriptor of a plugin, and the hooks in it: made once, at the first call of the entry, and never freed. `None` if that
/// panics.
#[must_use]
pub fn descriptor<P: Export>() -> Option<RawPlugin> {
    const {
        assert!(
            is_name(P::NAME),
            "a plugin's name is 1 to 64 of a-z 0-9 - _, a letter first"
        )
    }
    let made = catch_unwind(|| (P::hooks().leak(), leaked(P::config_schema())));
    let (hooks, config_schema) = made.ok()?;
    Some(RawPlugin {
        struct_size: size_of::<RawPlugin>() as u32,
        magic: PLUGIN_MAGIC,
        abi_major: ABI_MAJOR,
        abi_minor: ABI_MINOR,
        abi_min_minor: 0,
        reserved: 0,
        flags: P::FLAGS,
        id: RawStr::new(P::ID),
        name: RawStr::new(P::NAME),
        version: RawStr::new(P::VERSION),
        summary: RawStr::new(P::SUMMARY),
        license: RawStr::new(P::LICENSE),
        sdk: RawStr::new(SDK),
        config_schema,
        hooks: hooks.as_ptr(),
        n_hooks: hooks.len() as u32,
        hook_stride: size_of::<RawHook>() as u32,
        create: Some(create::<P>),
        destroy: Some(destroy::<P>),
        attach: Some(attach::<P>),
        detach: Some(detach),
        get_interface: Some(get_interface::<P>),
    })
}

fn leaked(text: String) -> RawStr {
    RawStr::new(text.leak())
}

/// A gate.
#[must_use]
pub fn gate_hook<H: Gate>(
    name: &'static str,
    summary: &'static str,
    on_failure: Verdict,
) -> RawHook {
    RawHook {
        kinds: HOOK_GATE,
        on_failure: on_failure as i32,
        gate: Some(judge::<H>),
        ..hook::<H>(name, summary)
    }
}

/// A gate with its after.
#[must_use]
pub fn around_hook<H: Gate + After>(
    name: &'static str,
    summary: &'static str,
    on_failure: Verdict,
) -> RawHook {
    RawHook {
        kinds: HOOK_GATE | HOOK_AFTER,
        after: Some(ended::<H>),
        ..gate_hook::<H>(name, summary, on_failure)
    }
}

/// An after.
#[must_use]
pub fn after_hook<H: After>(name: &'static str, summary: &'static str) -> RawHook {
    RawHook {
        kinds: HOOK_AFTER,
        after: Some(ended::<H>),
        ..hook::<H>(name, summary)
    }
}

/// An observer.
#[must_use]
pub fn observer_hook<H: Observer>(name: &'static str, summary: &'static str) -> RawHook {
    RawHook {
        kinds: HOOK_OBSERVER,
        observe: Some(observe::<H>),
        ..hook::<H>(name, summary)
    }
}

fn hook<H: Hook>(name: &'static str, summary: &'static str) -> RawHook {
    RawHook {
        struct_size: size_of::<RawHook>() as u32,
        kinds: 0,
        name: RawStr::new(name),
        summary: RawStr::new(summary),
        with_schema: leaked(H::with_schema()),
        flags: 0,
        on_failure: Verdict::Allow as i32,
        reserved: 0,
        gate: None,
        after: None,
        observe: None,
    }
}

/// A command.
#[must_use]
pub const fn command<C: Command>(name: &'static str, summary: &'static str) -> RawCommand {
    assert!(
        is_name(name),
        "a command's name is 1 to 64 of a-z 0-9 - _, a letter first"
    );
    assert!(C::PARAMS.len() <= 64, "a command has at most 64 parameters");
    RawCommand {
        struct_size: size_of::<RawCommand>() as u32,
        flags: if C::DEFAULT { COMMAND_DEFAULT } else { 0 }
            | if C::READS_INPUT {
                COMMAND_READS_INPUT
            } else {
                0
            },
        name: RawStr::new(name),
        summary: RawStr::new(summary),
        help: RawStr::new(C::HELP),
        params: C::PARAMS.as_ptr().cast(),
        n_params: C::PARAMS.len() as u32,
        param_stride: size_of::<RawParam>() as u32,
        call: Some(call::<C>),
    }
}

/// The interface of [`Command`]s.
#[must_use]
pub const fn command_interface<P: Export>() -> (&'static str, Interface) {
    struct Table<P>(std::marker::PhantomData<P>);
    impl<P: Export> Table<P> {
        const COMMANDS: &'static RawCommands = &RawCommands {
            struct_size: size_of::<RawCommands>() as u32,
            n_commands: P::COMMANDS.len() as u32,
            commands: P::COMMANDS.as_ptr(),
            command_stride: size_of::<RawCommand>() as u32,
            reserved: 0,
        };
    }
    (
        INTERFACE_COMMAND,
        Interface((&raw const *Table::<P>::COMMANDS).cast()),
    )
}

/// The interface of [`Report`].
#[must_use]
pub const fn report_interface<P: Report>() -> (&'static str, Interface) {
    struct Table<P>(std::marker::PhantomData<P>);
    impl<P: Report> Table<P> {
        const REPORT: &'static RawReport = &RawReport {
            struct_size: size_of::<RawReport>() as u32,
            reserved: 0,
            render: Some(render::<P>),
        };
    }
    (
        INTERFACE_REPORT,
        Interface((&raw const *Table::<P>::REPORT).cast()),
    )
}

/// Whether this is a name as the header has them.
#[must_use]
pub const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > 64 || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut place = 0;
    while place < bytes.len() {
        if !matches!(bytes[place], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            return false;
        }
        place += 1;
    }
    true
}

unsafe extern "C" fn create<P: Export>(
    host: *const RawHost,
    config: RawStr,
    reply: *mut RawReply,
    out: *mut *mut RawInstance,
) -> i32 {
    // SAFETY: the header's contract, kept by the host: its table.
    let Some(host) = (unsafe { Host::new(host) }).filter(|_| !out.is_null()) else {
        return status::BAD_ARG;
    };
    log_panics_through(&host);
    let answer = Poison::default().guard(
        status::PANIC,
        |words| reply_of(reply, &host).reason(words),
        || {
            // SAFETY: the header's contract: a text that is readable during the call.
            let made = parse(unsafe { config.bytes() })
                .and_then(|config| P::create(host.clone(), config))
                .map(|plugin| Instance {
                    plugin: Arc::new(plugin),
                    host: host.clone(),
                    poison: Poison::default(),
                });
            answer(&mut reply_of(reply, &host), made, |instance| {
                // SAFETY: not null, as seen above; the host's own place.
                unsafe { out.write(Arc::into_raw(Arc::new(instance)).cast_mut().cast()) };
                status::OK
            })
        },
    );
    if answer != status::OK {
        log_no_more_panics_through(&host);
    }
    answer
}

unsafe extern "C" fn destroy<P: Plugin>(instance: *mut RawInstance) {
    let instance = instance.cast_const().cast::<Instance<P>>();
    if instance.is_null() {
        return;
    }
    // SAFETY: the header's contract: what `create` gave, for the last time.
    let instance = unsafe { Arc::from_raw(instance) };
    let host = instance.host.clone();
    if instance.poison.is_set() {
        // Left as it lies: its destructor would run over what the panic left behind.
        std::mem::forget(instance);
    } else {
        Poison::default().guard((), |_| (), move || drop(instance));
    }
    log_no_more_panics_through(&host);
}

unsafe extern "C" fn attach<P: Export>(
    instance: *mut RawInstance,
    request: *const RawAttach,
    reply: *mut RawReply,
    out: *mut *mut RawAttachment,
) -> i32 {
    if instance.is_null() || request.is_null() || out.is_null() {
        return status::BAD_ARG;
    }
    // SAFETY: the header's contract: what `create` gave, and not yet destroyed. Counting it up keeps it for the attachment.
    let instance = unsafe {
        let instance = instance.cast_const().cast::<Instance<P>>();
        Arc::increment_strong_count(instance);
        Arc::from_raw(instance)
    };
    instance.poison.guard(
        status::PANIC,
        |words| reply_of(reply, &instance.host).reason(words),
        || {
            // SAFETY: the header's contract: readable to its own size.
            let made = unsafe { read_sized(request) }
                .map_err(|_| Failure::bad_argument("`ah_attach` is too small"))
                .and_then(|request| {
                    let attach = P::ATTACH
                        .get(request.hook as usize)
                        .ok_or_else(|| Failure::bad_argument("there is no such hook"))?;
                    attach(&instance, &request)
                });
            answer(&mut reply_of(reply, &instance.host), made, |attachment| {
                // SAFETY: not null, as seen above; the host's own place.
                unsafe { out.write(attachment) };
                status::OK
            })
        },
    )
}

/// Attaches a hook of this type: an [`AttachHook`].
///
/// # Errors
/// `with` cannot be read, or the hook refuses.
pub fn attach_hook<H: Hook>(
    instance: &Arc<Instance<H::Plugin>>,
    request: &RawAttach,
) -> Result<*mut RawAttachment> {
    // SAFETY: the header's contract: texts that are readable during the call.
    let (name, on, with) = unsafe {
        (
            request.name.bytes(),
            request.on.bytes(),
            request.with.bytes(),
        )
    };
    let attach = Attach::new(
        instance.host.clone(),
        std::str::from_utf8(name)?,
        std::str::from_utf8(on)?,
    );
    let hook = H::attach(&instance.plugin, &attach, parse(with)?)?;
    let attachment = Box::new(Attachment {
        end: end::<H>,
        instance: Arc::clone(instance),
        hook,
    });
    Ok(Box::into_raw(attachment).cast())
}

unsafe extern "C" fn detach(_: *mut RawInstance, attachment: *mut RawAttachment) {
    if !attachment.is_null() {
        // SAFETY: the header's contract: what `attach` gave, for the last time. `end` is its first field whatever the hook is.
        unsafe { (*attachment.cast::<unsafe fn(*mut RawAttachment)>())(attachment) };
    }
}

/// # Safety
/// An attachment of this type of hook, for the last time.
unsafe fn end<H: Hook>(attachment: *mut RawAttachment) {
    // SAFETY: the caller's promise.
    let Attachment { instance, hook, .. } =
        *unsafe { Box::from_raw(attachment.cast::<Attachment<H>>()) };
    let hook = std::mem::ManuallyDrop::new(hook);
    // Not dropped once the instance panicked, and never twice.
    instance.poison.guard(
        (),
        |_| (),
        move || drop(std::mem::ManuallyDrop::into_inner(hook)),
    );
}

unsafe extern "C" fn get_interface<P: Export>(id: RawStr) -> *const c_void {
    // SAFETY: the header's contract: a text that is readable during the call.
    let id = unsafe { id.bytes() };
    P::INTERFACES
        .iter()
        .find(|(offered, _)| offered.as_bytes() == id)
        .map_or(ptr::null(), |(_, interface)| interface.0)
}

unsafe extern "C" fn judge<H: Gate>(
    attachment: *mut RawAttachment,
    event: *const Event<'_>,
    reply: *mut RawReply,
) -> i32 {
    // SAFETY: the header's contract: what `attach` gave for this hook, not yet detached.
    let Attachment { instance, hook, .. } = unsafe { &*attachment.cast::<Attachment<H>>() };
    instance.poison.guard(
        status::PANIC,
        |words| reply_of(reply, &instance.host).reason(words),
        || {
            let mut reply = reply_of(reply, &instance.host);
            // SAFETY: the header's contract: an event that is borrowed during the call.
            unsafe {
                with_event(event, |event| {
                    let judged = event.and_then(|event| hook.judge(event, &mut reply));
                    answer(&mut reply, judged, |verdict| verdict as i32)
                })
            }
        },
    )
}

unsafe extern "C" fn ended<H: After>(
    attachment: *mut RawAttachment,
    event: *const Event<'_>,
    outcome: *const RawOutcome,
    cookie: u64,
) -> i32 {
    // SAFETY: the header's contract: what `attach` gave for this hook, not yet detached.
    let Attachment { instance, hook, .. } = unsafe { &*attachment.cast::<Attachment<H>>() };
    instance.poison.guard(
        status::PANIC,
        |_| (),
        || {
            if outcome.is_null() {
                return status::BAD_ARG;
            }
            // SAFETY: the header's contract: readable to its own size.
            let Ok(outcome) = (unsafe { read_sized(outcome) }) else {
                return status::BAD_ARG;
            };
            let outcome = Outcome {
                verdict: u8::try_from(outcome.verdict)
                    .ok()
                    .and_then(Verdict::from_number)
                    .unwrap_or(Verdict::Deny),
                errno: outcome.error,
            };
            // SAFETY: the header's contract: an event that is borrowed during the call.
            unsafe {
                with_event(event, |event| {
                    let seen = event.and_then(|event| hook.ended(event, outcome, cookie));
                    logged(&instance.host, seen)
                })
            }
        },
    )
}

unsafe extern "C" fn observe<H: Observer>(
    attachment: *mut RawAttachment,
    event: *const Event<'_>,
) -> i32 {
    // SAFETY: the header's contract: what `attach` gave for this hook, not yet detached.
    let Attachment { instance, hook, .. } = unsafe { &*attachment.cast::<Attachment<H>>() };
    instance.poison.guard(
        status::PANIC,
        |_| (),
        || {
            // SAFETY: the header's contract: an event that is borrowed during the call.
            unsafe {
                with_event(event, |event| {
                    logged(&instance.host, event.and_then(|event| hook.observe(event)))
                })
            }
        },
    )
}

unsafe extern "C" fn render<P: Report>(
    instance: *mut RawInstance,
    format: u32,
    sink: *const RawSink,
) -> i32 {
    if instance.is_null() || sink.is_null() {
        return status::BAD_ARG;
    }
    // SAFETY: the header's contract: what `create` gave, and not yet destroyed.
    let instance = unsafe { &*instance.cast::<Instance<P>>() };
    instance.poison.guard(
        status::PANIC,
        |_| (),
        || {
            let rendered = match format {
                REPORT_TEXT => instance.plugin.text(),
                REPORT_JSON => instance.plugin.json().map(|json| json.to_string()),
                _ => return status::UNSUPPORTED,
            };
            // SAFETY: the header's contract: readable to its own size.
            let Ok(sink) = (unsafe { read_sized(sink) }) else {
                return status::BAD_ARG;
            };
            match (rendered, sink.write) {
                // SAFETY: the host's own function and context; the text is readable during the call.
                (Ok(text), Some(write)) => unsafe { write(sink.ctx, RawStr::new(&text)) },
                (Ok(_), None) => status::BAD_ARG,
                (Err(failure), _) => logged(&instance.host, Err(failure)),
            }
        },
    )
}

/// What `ah_answer.ctx` and `ah_stream.ctx` are: one answer of a command.
struct Answering<P> {
    instance: Arc<Instance<P>>,
    given: Given,
    content: Content,
    status: Option<Box<dyn Fn() -> u8 + Send>>,
}

unsafe extern "C" fn call<C: Command>(
    instance: *mut RawInstance,
    request: *const RawCall,
    reply: *mut RawReply,
    out: *mut RawAnswer,
) -> i32 {
    if instance.is_null() || request.is_null() || out.is_null() {
        return status::BAD_ARG;
    }
    // SAFETY: the header's contract: what `create` gave, and not yet destroyed. Counting it up keeps it for the answer.
    let instance = unsafe {
        let instance = instance.cast_const().cast::<Instance<C::Plugin>>();
        Arc::increment_strong_count(instance);
        Arc::from_raw(instance)
    };
    instance.poison.guard(
        status::PANIC,
        |words| reply_of(reply, &instance.host).reason(words),
        || {
            // SAFETY: the header's contract: readable to its own size; what it leads to is given until the answer is closed.
            let made = unsafe { read_sized(request) }
                .map_err(|_| Failure::bad_argument("`ah_call` is too small"))
                .and_then(|request| {
                    // SAFETY: as above.
                    let given = unsafe { Given::new(&request) };
                    // SAFETY: as above.
                    let called = unsafe { Call::new(&request, given.clone()) }
                        .and_then(|call| C::call(&instance.plugin, &call));
                    if called.is_err() {
                        given.revoke();
                    }
                    called.map(|answer| (answer, given))
                });
            answer(
                &mut reply_of(reply, &instance.host),
                made,
                |(answer, given)| {
                    let answering = Answering {
                        instance: Arc::clone(&instance),
                        given,
                        content: answer.content,
                        status: answer.status,
                    };
                    // SAFETY: not null, as seen above; the host's own place, of this version's size at least.
                    unsafe { hand_over(answering, out) };
                    status::OK
                },
            )
        },
    )
}

/// # Safety
/// `out` is an `ah_answer` that keeps the header's contract.
unsafe fn hand_over<P: Plugin>(answering: Answering<P>, out: *mut RawAnswer) {
    let ctx = Box::into_raw(Box::new(answering));
    // SAFETY: just made, and not shared yet; `out` is the host's own place.
    unsafe {
        (*out).ctx = ctx.cast();
        (*out).close = Some(close_answer::<P>);
        if (*ctx).status.is_some() {
            (*out).status = Some(status_of_answer::<P>);
        }
        (*out).kind = match &mut (*ctx).content {
            Content::Nothing => ANSWER_NONE,
            Content::Value(held) => {
                // What it points to stays where it is until the answer is closed.
                (*out).value = std::mem::transmute::<Value<'_>, Value<'static>>(*held.value());
                ANSWER_VALUE
            }
            Content::Bytes(_) => {
                (*out).bytes = RawStream {
                    ctx: ctx.cast(),
                    next: Some(next_piece::<P>),
                    close: None,
                };
                ANSWER_BYTES
            }
            #[cfg(feature = "arrow")]
            Content::Table(table) => {
                table.move_to((*out).table);
                audithook_abi::command::ANSWER_TABLE
            }
        };
    }
}

unsafe extern "C" fn next_piece<P: Plugin>(
    ctx: *mut c_void,
    reply: *mut RawReply,
    piece: *mut RawStr,
) -> i32 {
    if ctx.is_null() || piece.is_null() {
        return status::BAD_ARG;
    }
    // SAFETY: the header's contract: the context of a stream that is not closed, by one thread at a time.
    let answering = unsafe { &mut *ctx.cast::<Answering<P>>() };
    let (instance, content) = (&answering.instance, &mut answering.content);
    instance.poison.guard(
        status::PANIC,
        |words| reply_of(reply, &instance.host).reason(words),
        || {
            let Content::Bytes(pieces) = content else {
                return status::BAD_ARG;
            };
            answer(
                &mut reply_of(reply, &instance.host),
                pieces.next(),
                |next| {
                    let Some(bytes) = next else {
                        return status::OK;
                    };
                    // SAFETY: not null, as seen above; the host's own place. The piece is ours until the next call.
                    unsafe {
                        piece.write(RawStr {
                            ptr: bytes.as_ptr(),
                            len: bytes.len() as u64,
                        });
                    }
                    1
                },
            )
        },
    )
}

unsafe extern "C" fn status_of_answer<P: Plugin>(ctx: *mut c_void) -> i32 {
    // SAFETY: the header's contract: the context of an answer that is not closed.
    let answering = unsafe { &*ctx.cast::<Answering<P>>() };
    answering.instance.poison.guard(
        u8::MAX.into(),
        |_| (),
        || {
            answering
                .status
                .as_ref()
                .map_or(0, |status| status().into())
        },
    )
}

unsafe extern "C" fn close_answer<P: Plugin>(ctx: *mut c_void) {
    if ctx.is_null() {
        return;
    }
    // SAFETY: the header's contract: what `hand_over` made, for the last time.
    let answering = unsafe { Box::from_raw(ctx.cast::<Answering<P>>()) };
    answering.given.revoke();
    let Answering {
        instance,
        content,
        status,
        ..
    } = *answering;
    let parts = std::mem::ManuallyDrop::new((content, status));
    // Not dropped once the instance panicked, and never twice.
    instance.poison.guard(
        (),
        |_| (),
        move || drop(std::mem::ManuallyDrop::into_inner(parts)),
    );
}

/// Hands an event to `act`, which gives the status: as it is, or, from a host whose arguments lie further apart, with the
/// arguments gathered.
///
/// # Safety
/// `raw` is null or an event that keeps the header's contract during the call.
#[inline]
unsafe fn with_event(raw: *const Event<'_>, act: impl FnOnce(Result<&Event<'_>>) -> i32) -> i32 {
    // SAFETY: the caller's promise.
    match unsafe { Event::from_raw(raw) } {
        Some(event) => act(Ok(event)),
        // SAFETY: the caller's promise.
        None => unsafe { with_gathered(raw, act) },
    }
}

/// [`with_event`] of another version: out of the way of this one's.
///
/// # Safety
/// As [`with_event`].
#[cold]
#[inline(never)]
unsafe fn with_gathered(raw: *const Event<'_>, act: impl FnOnce(Result<&Event<'_>>) -> i32) -> i32 {
    let mut args = Vec::new();
    // SAFETY: the caller's promise.
    match unsafe { Event::gather(raw, |value| args.push(value)) } {
        Some(event) => act(Ok(&event.with_args(&args))),
        None => act(Err(Failure::bad_argument("the event breaks the ABI"))),
    }
}

/// The running function's reply.
#[inline]
const fn reply_of(raw: *mut RawReply, host: &Host) -> Reply<'_> {
    // SAFETY: the header's contract, for every caller: `raw` is the reply of the function that runs, null or ours until it
    // returns; no two of these are used at the same time.
    unsafe { Reply::new(raw, host) }
}

#[inline]
fn answer<T>(reply: &mut Reply<'_>, result: Result<T>, good: impl FnOnce(T) -> i32) -> i32 {
    match result {
        Ok(value) => good(value),
        Err(failure) => explained(reply, failure),
    }
}

#[cold]
#[inline(never)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "dropped here, out of the way of what succeeds"
)]
fn explained(reply: &mut Reply<'_>, failure: Failure) -> i32 {
    reply.reason(failure.reason());
    failure.status()
}

/// The status of what has no reply: why it failed goes to the log.
#[inline]
fn logged(host: &Host, result: Result<()>) -> i32 {
    match result {
        Ok(()) => status::OK,
        Err(failure) => told(host, &failure),
    }
}

#[cold]
#[inline(never)]
fn told(host: &Host, failure: &Failure) -> i32 {
    host.log(LogLevel::Warn, failure.reason());
    failure.status()
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    let json = if json.is_empty() { b"{}" } else { json };
    serde_json::from_slice(json).map_err(|error| {
        // The place is one in JSON that the host made of TOML: it means nothing to who wrote that.
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Failure::bad_argument(text.strip_suffix(&place).unwrap_or(&text).to_owned())
    })
}
