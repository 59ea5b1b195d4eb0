//! Instances of plugins and their attached hooks, as the bus calls them.

use std::borrow::Cow;
use std::ffi::c_void;
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use audithook_abi::plugin::{INTERFACE_REPORT, REPORT_JSON, REPORT_TEXT, read_sized};
use audithook_abi::{
    Event, RawAttach, RawAttachment, RawInstance, RawOutcome, RawReport, RawSink, RawStr, Symbol,
    Verdict, status,
};
use audithook_bus::hook::{After, Gate, HookError, Observer, Outcome, Reply};

use crate::descriptor::HookFunctions;
use crate::error::{AttachError, CreateError, ReportError};
use crate::host::{Context, Reason, Services, reply_to};
use crate::{HookInfo, Kinds, Plugin};

/// One instance of a plugin. Clones are the same instance; it ends with the last clone and the last attached hook.
#[derive(Clone)]
pub struct Instance {
    shared: Arc<Shared>,
}

struct Shared {
    plugin: Plugin,
    raw: NonNull<RawInstance>,
    context: &'static Context,
    /// Kept for the context, which holds them weakly.
    _services: Arc<dyn Services>,
    poisoned: AtomicBool,
    /// Held around what the header tags [create-thread].
    management: Mutex<()>,
}

// SAFETY: the header tags every function of an instance [any-thread] or [create-thread]; the latter run under `management`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// How a hook is attached: one `[[hook]]` of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'a> {
    /// `count` in `call = "bucketing.count"`.
    pub function: &'a str,
    /// `with`, as JSON: an object.
    pub with: &'a str,
    /// The hook's name in the policy, for the plugin's messages: `hook.count-imports`.
    pub name: &'a str,
    /// The names and globs of events that it is for.
    pub on: &'a [&'a str],
}

impl<'a> Attachment<'a> {
    /// An attachment without `with`, name and events.
    #[must_use]
    pub const fn new(function: &'a str) -> Self {
        Self {
            function,
            with: "{}",
            name: "",
            on: &[],
        }
    }
}

/// An attached hook. Clones are the same attachment; it is detached with the last.
#[derive(Clone)]
pub struct Attached {
    hook: Arc<AttachedHook>,
}

/// The one behind [`Attached`], which the bus holds by its kinds.
struct AttachedHook {
    raw: NonNull<RawAttachment>,
    functions: HookFunctions,
    kinds: Kinds,
    function: Box<str>,
    instance: Arc<Shared>,
}

// SAFETY: the functions of a hook are tagged [any-thread].
unsafe impl Send for AttachedHook {}
// SAFETY: as above.
unsafe impl Sync for AttachedHook {}

impl Plugin {
    /// Makes an instance from `config`, a JSON object.
    ///
    /// # Errors
    /// The plugin refuses the configuration, or fails.
    pub fn create(
        &self,
        services: Arc<dyn Services>,
        config: &str,
    ) -> Result<Instance, CreateError> {
        let context = Context::leak(&self.info().name, &services);
        let mut reason = Reason::None;
        let mut reply = reply_to(&mut reason, 0);
        let mut raw = ptr::null_mut();
        // SAFETY: the descriptor was checked; table, text, reply and place are valid for the call, the table for ever.
        let status = unsafe {
            (self.shared.descriptor.create)(
                context.table(),
                RawStr::new(config),
                &raw mut reply,
                &raw mut raw,
            )
        };
        let plugin = self.info().name.clone();
        let failed = |reason: Cow<'static, str>| {
            context.end();
            CreateError::Failed {
                plugin: plugin.clone(),
                reason,
            }
        };
        match status {
            status::OK => {}
            status::BAD_ARG => {
                context.end();
                let reason = said(reason);
                return Err(CreateError::ConfigRefused { plugin, reason });
            }
            other => return Err(failed(failure(other, reason))),
        }
        let Some(raw) = NonNull::new(raw) else {
            return Err(failed("it returned no instance".into()));
        };
        Ok(Instance {
            shared: Arc::new(Shared {
                plugin: self.clone(),
                raw,
                context,
                _services: services,
                poisoned: AtomicBool::new(false),
                management: Mutex::new(()),
            }),
        })
    }
}

impl Instance {
    /// The plugin.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.shared.plugin
    }

    /// Whether it panicked: it is not entered again.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.shared.is_poisoned()
    }

    pub(crate) fn poison(&self) {
        self.shared.poison();
    }

    pub(crate) fn raw(&self) -> *mut RawInstance {
        self.shared.raw.as_ptr()
    }

    /// What the plugin counted, by name.
    #[must_use]
    pub fn counters(&self) -> Vec<(Symbol, u64)> {
        self.shared.context.counters()
    }

    /// Attaches a hook.
    ///
    /// # Errors
    /// The plugin does not offer it, refuses `with`, or fails.
    pub fn attach(&self, attachment: &Attachment<'_>) -> Result<Attached, AttachError> {
        let shared = &self.shared;
        let info = shared.plugin.info();
        let (plugin, function) = (info.name.clone(), attachment.function.to_owned());
        let descriptor = &shared.plugin.shared.descriptor;
        let (Some((hook, functions)), Some((attach, _))) =
            (descriptor.hook(&function), descriptor.attachments)
        else {
            return Err(AttachError::not_offered(info, &function));
        };
        let on = attachment.on.join(" ");
        let request = RawAttach {
            struct_size: size_of::<RawAttach>() as u32,
            hook: functions.place,
            name: RawStr::new(attachment.name),
            on: RawStr::new(&on),
            with: RawStr::new(attachment.with),
        };
        let mut reason = Reason::None;
        let mut raw = ptr::null_mut();
        let status = shared.manage(|| {
            let mut reply = reply_to(&mut reason, 0);
            // SAFETY: the instance is alive and not poisoned; everything else is valid for the call.
            unsafe {
                attach(
                    shared.raw.as_ptr(),
                    &raw const request,
                    &raw mut reply,
                    &raw mut raw,
                )
            }
        });
        let failed = |reason: Cow<'static, str>| AttachError::Failed {
            plugin: plugin.clone(),
            function: function.clone(),
            reason,
        };
        match status {
            None => {
                return Err(failed(
                    "the plugin panicked before and is not entered again".into(),
                ));
            }
            Some(status::OK) => {}
            Some(status::BAD_ARG) => {
                return Err(AttachError::WithRefused {
                    plugin,
                    function,
                    reason: said(reason),
                });
            }
            Some(other) => return Err(failed(failure(other, reason))),
        }
        let Some(raw) = NonNull::new(raw) else {
            return Err(failed("it returned no attachment".into()));
        };
        Ok(Attached {
            hook: Arc::new(AttachedHook {
                raw,
                functions,
                kinds: hook.kinds,
                function: function.into(),
                instance: Arc::clone(shared),
            }),
        })
    }

    /// The plugin's report for people as it stands now; `None` if it has nothing to say.
    ///
    /// # Errors
    /// Why there is none.
    pub fn report(&self) -> Result<Option<String>, ReportError> {
        Ok(self.render(REPORT_TEXT)?.map(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            let mut safe = String::with_capacity(text.len());
            for letter in text.chars() {
                match letter {
                    '\n' => safe.push(letter),
                    letter if letter.is_control() => safe.extend(letter.escape_default()),
                    letter => safe.push(letter),
                }
            }
            safe
        }))
    }

    /// The plugin's report for programs as it stands now; `None` if it has nothing to say.
    ///
    /// # Errors
    /// Why there is none.
    pub fn report_json(&self) -> Result<Option<serde_json::Value>, ReportError> {
        self.render(REPORT_JSON)?
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose()
            .map_err(|error| ReportError::NotJson(error.to_string()))
    }

    fn render(&self, format: u32) -> Result<Option<Vec<u8>>, ReportError> {
        let shared = &self.shared;
        if shared.is_poisoned() {
            return Err(ReportError::Poisoned);
        }
        let Some(find) = shared.plugin.shared.descriptor.get_interface else {
            return Ok(None);
        };
        // SAFETY: the id is valid for the call.
        let found = unsafe { find(RawStr::new(INTERFACE_REPORT)) };
        let found = found.cast::<RawReport>();
        if found.is_null() {
            return Ok(None);
        }
        if !found.is_aligned() {
            return Err(ReportError::Broken("its address is odd"));
        }
        // SAFETY: what stands under this id is an `ah_report`, readable to its own size.
        let interface = unsafe { read_sized(found) }
            .map_err(|_| ReportError::Broken("it is smaller than version 1.0 made it"))?;
        let render = interface
            .render
            .ok_or(ReportError::Broken("`render` is NULL"))?;
        let mut taken = Taken::default();
        let sink = RawSink {
            struct_size: size_of::<RawSink>() as u32,
            reserved: 0,
            ctx: ptr::from_mut(&mut taken).cast(),
            write: Some(take),
        };
        // SAFETY: the instance is alive; the sink and what it writes to are valid for the call.
        let status = unsafe { render(shared.raw.as_ptr(), format, &raw const sink) };
        match status {
            _ if taken.overflowed => Err(ReportError::TooLarge),
            status::OK if taken.bytes.is_empty() => Ok(None),
            status::OK => Ok(Some(taken.bytes)),
            status::UNSUPPORTED => Ok(None),
            status::PANIC => {
                shared.poison();
                Err(ReportError::Panicked)
            }
            other => Err(ReportError::Failed(other)),
        }
    }
}

impl Shared {
    #[inline]
    fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }

    fn poison(&self) {
        self.poisoned.store(true, Ordering::Relaxed);
    }

    /// Runs what the header tags [create-thread], one at a time; `None` if the instance is poisoned. A panic poisons it.
    fn manage(&self, act: impl FnOnce() -> i32) -> Option<i32> {
        let _one_at_a_time = self
            .management
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.is_poisoned() {
            return None;
        }
        let status = act();
        if status == status::PANIC {
            self.poison();
        }
        Some(status)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // A poisoned instance is left as it lies: its destructor would run over what a panic left behind.
        if !self.is_poisoned() {
            // SAFETY: the last holder is gone, and every attachment held it: nothing is attached and nothing runs.
            unsafe { (self.plugin.shared.descriptor.destroy)(self.raw.as_ptr()) };
        }
        self.context.end();
    }
}

impl Attached {
    /// What the plugin says about the hook.
    #[must_use]
    pub fn info(&self) -> &HookInfo {
        let hooks = &self.hook.instance.plugin.info().hooks;
        // The attachment came from one of them.
        hooks
            .iter()
            .find(|hook| *hook.name == *self.hook.function)
            .expect("an attached hook is an offered hook")
    }

    /// What it is.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        self.hook.kinds
    }

    /// As a gate.
    #[must_use]
    pub fn gate(&self) -> Option<Arc<dyn Gate>> {
        self.kinds().gate.then(|| Arc::clone(&self.hook) as _)
    }

    /// As an after.
    #[must_use]
    pub fn after(&self) -> Option<Arc<dyn After>> {
        self.kinds().after.then(|| Arc::clone(&self.hook) as _)
    }

    /// As an observer.
    #[must_use]
    pub fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.kinds().observer.then(|| Arc::clone(&self.hook) as _)
    }
}

impl Drop for AttachedHook {
    fn drop(&mut self) {
        let Some((_, detach)) = self.instance.plugin.shared.descriptor.attachments else {
            return;
        };
        self.instance.manage(|| {
            // SAFETY: the last holder of the attachment is gone, so nothing runs on it; the instance is alive.
            unsafe { detach(self.instance.raw.as_ptr(), self.raw.as_ptr()) };
            status::OK
        });
    }
}

impl Gate for AttachedHook {
    #[inline]
    fn judge(&self, event: &Event<'_>, reply: &mut Reply) -> Result<Verdict, HookError> {
        let Some(gate) = self.functions.gate else {
            return Err(no_such_kind("gate"));
        };
        if self.instance.is_poisoned() {
            return Err(HookError::Poisoned);
        }
        let mut raw = reply_to(&mut reply.reason, reply.cookie);
        // SAFETY: the attachment is alive; event and reply are valid for the call.
        let status = unsafe { gate(self.raw.as_ptr(), event, &raw mut raw) };
        reply.cookie = raw.cookie;
        match u8::try_from(status).ok().and_then(Verdict::from_number) {
            Some(verdict) => Ok(verdict),
            None => Err(self.failed(status, reply.reason.take())),
        }
    }
}

impl After for AttachedHook {
    #[inline]
    fn ended(&self, event: &Event<'_>, outcome: Outcome, cookie: u64) -> Result<(), HookError> {
        let Some(after) = self.functions.after else {
            return Err(no_such_kind("after"));
        };
        if self.instance.is_poisoned() {
            return Err(HookError::Poisoned);
        }
        let outcome = RawOutcome::new(outcome.verdict, outcome.errno);
        // SAFETY: the attachment is alive; event and outcome are valid for the call.
        match unsafe { after(self.raw.as_ptr(), event, &raw const outcome, cookie) } {
            status::OK => Ok(()),
            other => Err(self.failed(other, None)),
        }
    }
}

impl Observer for AttachedHook {
    #[inline]
    fn observe(&self, event: &Event<'_>) -> Result<(), HookError> {
        let Some(observe) = self.functions.observe else {
            return Err(no_such_kind("observer"));
        };
        if self.instance.is_poisoned() {
            return Err(HookError::Poisoned);
        }
        // SAFETY: the attachment is alive; the event is valid for the call.
        match unsafe { observe(self.raw.as_ptr(), event) } {
            status::OK => Ok(()),
            other => Err(self.failed(other, None)),
        }
    }
}

impl AttachedHook {
    #[cold]
    fn failed(&self, status: i32, reason: Reason) -> HookError {
        match status {
            status::PANIC => {
                self.instance.poison();
                HookError::Panicked(said(reason))
            }
            status::BAD_ARG => HookError::BadArgument(said(reason)),
            status::ERROR | status::UNSUPPORTED | status::AGAIN | status::NOMEM => {
                HookError::Failed(failure(status, reason))
            }
            other => HookError::UnknownReturn(other),
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("plugin", &self.shared.plugin.info().name)
            .field("poisoned", &self.is_poisoned())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AttachedHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachedHook")
            .field("plugin", &self.instance.plugin.info().name)
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hook.fmt(f)
    }
}

/// What a report is made of.
#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    overflowed: bool,
}

const LARGEST_REPORT: usize = 16 << 20;

unsafe extern "C" fn take(ctx: *mut c_void, piece: RawStr) -> i32 {
    // SAFETY: the plugin hands back the sink's `ctx` while `render` runs, from its thread; the piece is readable meanwhile.
    let (taken, piece) = unsafe { (&mut *ctx.cast::<Taken>(), piece.bytes()) };
    if taken.overflowed || piece.len() > LARGEST_REPORT - taken.bytes.len() {
        taken.overflowed = true;
        return status::NOMEM;
    }
    taken.bytes.extend_from_slice(piece);
    status::OK
}

/// The plugin's words, if it had any.
pub(crate) fn said(reason: Reason) -> Cow<'static, str> {
    reason.unwrap_or(Cow::Borrowed("no reason given"))
}

/// What a status that is no success means, with the plugin's words.
pub(crate) fn failure(status: i32, reason: Reason) -> Cow<'static, str> {
    let meaning = match status {
        status::ERROR => return said(reason),
        status::PANIC => "it panicked",
        status::BAD_ARG => "bad argument",
        status::UNSUPPORTED => "not supported",
        status::AGAIN => "not now",
        status::NOMEM => "out of memory",
        other => return format!("it returned {other}, which the ABI does not know").into(),
    };
    reason.map_or(Cow::Borrowed(meaning), |reason| {
        format!("{meaning}: {reason}").into()
    })
}

#[cold]
#[inline(never)]
fn no_such_kind(kind: &str) -> HookError {
    HookError::Failed(format!("the hook is no {kind}").into())
}

/// The offered name that differs least from `wanted`, if it differs little.
pub(crate) fn nearest<'a>(wanted: &str, offered: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    offered
        .map(|name| (distance(wanted, name), name))
        .min()
        .filter(|&(distance, name)| distance <= (name.len() / 3).max(2) && distance < name.len())
        .map(|(_, name)| name)
}

/// Levenshtein's distance, in bytes: names are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
