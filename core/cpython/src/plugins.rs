//! Plugins with `placement = "target"`: their gates run in this process, in nanoseconds and without protection.
//!
//! They are loaded when a generation of the policy is adopted, before the interpreter runs, and never unloaded. A
//! plugin that cannot be loaded ends the process: a gate that the policy names must not be missing.

use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicU32, Ordering};

use audithook_abi as abi;
use audithook_abi::{
    Event, RawAttach, RawAttachment, RawHook, RawHost, RawInstance, RawPlugin, RawReply, RawStr,
    Symbol, Verdict, status,
};
use audithook_catalogue as catalogue;
use audithook_matcher::{Image, Judgement};
use audithook_wire::flat::{Meta, Name};

use crate::judge::{Decision, Subject};
use crate::policy::Policy;
use crate::{fatal, process};

/// How many hooks in the target one policy can have.
pub(crate) const MOST_HOOKS: usize = 32;

/// One attached gate.
#[derive(Clone, Copy)]
pub(crate) struct Attached {
    gate: abi::plugin::GateFn,
    attachment: *mut RawAttachment,
    on_error: Verdict,
    rule: u32,
    /// The plugin's name.
    plugin: &'static [u8],
}

/// That a gate gave no verdict.
pub(crate) struct Failure {
    /// The plugin's name.
    pub(crate) plugin: &'static [u8],
    /// The hook's rule.
    pub(crate) rule: u32,
    /// What happened.
    pub(crate) error: &'static str,
    /// What `on-error` makes of it.
    pub(crate) verdict: Verdict,
}

/// The attached gates of a policy, by plugin and hook.
pub(crate) struct Gates {
    entries: [Option<(u32, u32, Attached)>; MOST_HOOKS],
}

/// Loads the plugins of an image and attaches their hooks.
pub(crate) fn load(image: &Image<'static>) -> Gates {
    let mut gates = Gates {
        entries: [None; MOST_HOOKS],
    };
    let mut count = 0;
    for (plugin_place, plugin) in image.target_plugins().enumerate() {
        let library = Library::open(plugin.path);
        let instance = library.create(plugin.config.as_bytes());
        for (hook_place, hook) in plugin.hooks().enumerate() {
            let Some(entry) = gates.entries.get_mut(count) else {
                fatal::fault(&[b"too many hooks with placement `target`"]);
            };
            let (place, raw) = library.hook(hook.function.as_bytes());
            let Some(gate) = raw.gate else {
                fatal::fault(&[
                    b"`",
                    hook.function.as_bytes(),
                    b"` is no gate: `",
                    plugin.path,
                    b"`",
                ]);
            };
            let attachment = library.attach(instance, place, hook.with.as_bytes());
            *entry = Some((
                plugin_place as u32,
                hook_place as u32,
                Attached {
                    gate,
                    attachment,
                    on_error: hook.on_error,
                    rule: hook.rule,
                    // SAFETY: the descriptor promises static storage.
                    plugin: unsafe { library.plugin.name.bytes() },
                },
            ));
            count += 1;
        }
    }
    gates
}

/// Lets the gates that the judgement names have their say. `failed` hears of each that has none.
pub(crate) fn judge(
    policy: &'static Policy,
    subject: &Subject<'_>,
    meta: &Meta,
    judgement: &mut Judgement,
    decision: &mut Decision,
    mut failed: impl FnMut(&Failure),
) {
    let mut hooks = [(0, 0); audithook_matcher::MOST_NAMED];
    let count = judgement.target_hooks().len();
    hooks[..count].copy_from_slice(judgement.target_hooks());
    for (plugin, hook) in &hooks[..count] {
        let Some(attached) = policy.gates.find(*plugin, *hook) else {
            judgement.add(Verdict::Deny, u32::MAX);
            continue;
        };
        let id = match subject.name {
            Name::Known(symbol) => symbol,
            Name::Text(text) => intern_text(text),
        };
        let mut event = Event::new(id, subject.args);
        event.time_ns = meta.time_ns;
        event.pid = meta.pid;
        event.tid = meta.tid;
        event.flags = meta.flags;
        event.source = subject.source as u8;
        let mut reply = RawReply::new(0, core::ptr::from_mut(decision).cast());
        // SAFETY: gate and attachment belong together and are never unloaded; event and reply outlive the call.
        let answer =
            unsafe { (attached.gate)(attached.attachment, &raw const event, &raw mut reply) };
        let said = u8::try_from(answer).ok().and_then(Verdict::from_number);
        if said.is_none() {
            let error = error_of(answer);
            failed(&Failure {
                plugin: attached.plugin,
                rule: attached.rule,
                error,
                verdict: attached.on_error,
            });
            decision.set_reason(if attached.on_error.refuses() {
                error.as_bytes()
            } else {
                b""
            });
        }
        judgement.add(said.unwrap_or(attached.on_error), attached.rule);
    }
}

/// What an answer means that is no verdict.
fn error_of(answer: i32) -> &'static str {
    match answer {
        status::ERROR => "the gate failed",
        status::PANIC => "the gate panicked",
        status::BAD_ARG => "the gate could not read an argument",
        status::UNSUPPORTED => "the gate does not know such an event",
        status::AGAIN => "the gate could not judge now",
        status::NOMEM => "the gate was out of memory",
        _ => "the gate's answer is none",
    }
}

impl Gates {
    fn find(&self, plugin: u32, hook: u32) -> Option<Attached> {
        self.entries
            .iter()
            .flatten()
            .find(|(of_plugin, of_hook, _)| (*of_plugin, *of_hook) == (plugin, hook))
            .map(|(_, _, attached)| *attached)
    }
}

/// A loaded plugin.
struct Library {
    path: &'static [u8],
    plugin: RawPlugin,
}

impl Library {
    fn open(path: &'static [u8]) -> Self {
        let mut name = [0; crate::paths::LONGEST + 1];
        if path.len() > crate::paths::LONGEST {
            fatal::fault(&[b"the plugin's path is too long"]);
        }
        name[..path.len()].copy_from_slice(path);
        // SAFETY: the name is NUL-terminated; the supervisor has checked file and descriptor before it made the image.
        let entry = unsafe {
            let handle = crate::interpose::load::real_dlopen(
                name.as_ptr().cast(),
                libc::RTLD_NOW | libc::RTLD_LOCAL,
            );
            if handle.is_null() {
                let error = libc::dlerror();
                let error = if error.is_null() {
                    c""
                } else {
                    CStr::from_ptr(error)
                };
                fatal::fault(&[b"the plugin cannot be loaded: ", error.to_bytes()]);
            }
            libc::dlsym(handle, abi::plugin::PLUGIN_ENTRY.as_ptr())
        };
        if entry.is_null() {
            fatal::fault(&[b"not a plugin: `", path, b"`"]);
        }
        // SAFETY: the symbol is the ABI's entry, which returns null or static storage that begins with its size.
        let plugin = unsafe {
            let entry = core::mem::transmute::<*mut c_void, abi::plugin::EntryFn>(entry);
            let plugin = entry(abi::ABI_MAJOR.into());
            if plugin.is_null() {
                fatal::fault(&[
                    b"the plugin does not know this version of the ABI: `",
                    path,
                    b"`",
                ]);
            }
            abi::plugin::read_sized(plugin)
        };
        match plugin {
            Ok(plugin)
                if plugin.magic == abi::plugin::PLUGIN_MAGIC
                    && plugin.abi_major == abi::ABI_MAJOR
                    && is_known_minor(plugin.abi_min_minor)
                    && plugin.flags & abi::plugin::PLUGIN_IN_TARGET != 0 =>
            {
                Self { path, plugin }
            }
            _ => fatal::fault(&[b"the plugin cannot run in the target: `", path, b"`"]),
        }
    }

    fn create(&self, config: &'static [u8]) -> *mut RawInstance {
        let Some(create) = self.plugin.create else {
            fatal::fault(&[b"the plugin has no `create`: `", self.path, b"`"]);
        };
        let mut reply = RawReply::new(0, core::ptr::null_mut());
        let mut instance = core::ptr::null_mut();
        // SAFETY: the host's table is static; config and reply outlive the call.
        let answer = unsafe {
            create(
                &raw const HOST,
                raw_str(config),
                &raw mut reply,
                &raw mut instance,
            )
        };
        if answer != status::OK {
            fatal::fault(&[b"the plugin refuses its configuration: `", self.path, b"`"]);
        }
        instance
    }

    /// The hook of this name and its place.
    fn hook(&self, function: &[u8]) -> (u32, RawHook) {
        for place in 0..self.plugin.n_hooks {
            // SAFETY: the descriptor promises so many hooks at this stride in static storage.
            let hook = unsafe {
                let start = self.plugin.hooks.cast::<u8>();
                abi::plugin::read_sized(
                    start
                        .add(place as usize * self.plugin.hook_stride as usize)
                        .cast::<RawHook>(),
                )
            };
            let Ok(hook) = hook else { continue };
            // SAFETY: the name is static storage of the plugin.
            if unsafe { hook.name.bytes() } == function {
                return (place, hook);
            }
        }
        fatal::fault(&[
            b"the plugin offers no hook `",
            function,
            b"`: `",
            self.path,
            b"`",
        ]);
    }

    fn attach(
        &self,
        instance: *mut RawInstance,
        hook: u32,
        with: &'static [u8],
    ) -> *mut RawAttachment {
        let Some(attach) = self.plugin.attach else {
            fatal::fault(&[b"the plugin has no `attach`: `", self.path, b"`"]);
        };
        let request = RawAttach {
            struct_size: size_of::<RawAttach>() as u32,
            hook,
            name: RawStr::EMPTY,
            on: RawStr::EMPTY,
            with: raw_str(with),
        };
        let mut reply = RawReply::new(0, core::ptr::null_mut());
        let mut attachment = core::ptr::null_mut();
        // SAFETY: the instance is the plugin's own; request and reply outlive the call.
        let answer = unsafe {
            attach(
                instance,
                &raw const request,
                &raw mut reply,
                &raw mut attachment,
            )
        };
        if answer != status::OK {
            fatal::fault(&[b"the plugin refuses a hook's `with`: `", self.path, b"`"]);
        }
        attachment
    }
}

/// Whether this host's minor version is new enough for a plugin that needs `least`.
fn is_known_minor(least: u16) -> bool {
    (0..=abi::ABI_MINOR).contains(&least)
}

fn raw_str(bytes: &[u8]) -> RawStr {
    RawStr {
        ptr: bytes.as_ptr(),
        len: bytes.len() as u64,
    }
}

/// What this host offers: names, the time, a reason and a line on stderr. There is no bus in the target.
static HOST: RawHost = RawHost {
    struct_size: size_of::<RawHost>() as u32,
    abi_major: abi::ABI_MAJOR,
    abi_minor: abi::ABI_MINOR,
    ctx: core::ptr::null_mut(),
    log: Some(host_log),
    intern: Some(host_intern),
    text: Some(host_text),
    emit: None,
    set_reason: Some(host_set_reason),
    event_retain: None,
    event_release: None,
    now_ns: Some(host_now),
    counter_add: None,
    get_interface: None,
};

unsafe extern "C" fn host_log(_: *mut c_void, level: u32, text: RawStr) {
    if level <= abi::LogLevel::Warn as u32 {
        // SAFETY: borrowed until this function returns (audithook.h).
        fatal::write_line(&[unsafe { text.bytes() }]);
    }
}

unsafe extern "C" fn host_intern(_: *mut c_void, name: RawStr) -> Symbol {
    // SAFETY: borrowed until this function returns (audithook.h).
    intern_text(unsafe { name.bytes() })
}

unsafe extern "C" fn host_text(_: *mut c_void, symbol: Symbol, out: *mut RawStr) -> i32 {
    let text = match catalogue::text(symbol) {
        Some(text) => text.as_bytes(),
        None => match interned(symbol) {
            Some(text) => text,
            None => return status::BAD_ARG,
        },
    };
    if out.is_null() {
        return status::BAD_ARG;
    }
    // SAFETY: not null; the plugin promises that it is writable.
    unsafe { out.write(raw_str(text)) };
    status::OK
}

unsafe extern "C" fn host_set_reason(_: *mut c_void, reply: *mut RawReply, text: RawStr) -> i32 {
    // SAFETY: the reply that the running function was given, whose `call` is null or the decision under way.
    let decision = unsafe {
        reply
            .as_ref()
            .and_then(|reply| reply.call.cast::<Decision>().as_mut())
    };
    match decision {
        Some(decision) => {
            // SAFETY: borrowed until this function returns (audithook.h).
            decision.set_reason(unsafe { text.bytes() });
            status::OK
        }
        None => status::UNSUPPORTED,
    }
}

unsafe extern "C" fn host_now(_: *mut c_void) -> u64 {
    process::now_ns()
}

/// The names outside the catalogue that plugins and custom events brought along.
const MOST_NAMES: usize = 128;
const LONGEST_NAME: usize = 64;
static mut NAMES: [[u8; LONGEST_NAME + 1]; MOST_NAMES] = [[0; LONGEST_NAME + 1]; MOST_NAMES];
/// Entries that are complete; and those that are claimed.
static COMPLETE: AtomicU32 = AtomicU32::new(0);
static CLAIMED: AtomicU32 = AtomicU32::new(0);

fn intern_text(name: &[u8]) -> Symbol {
    if let Some((symbol, _)) = catalogue::find_bytes(name) {
        return symbol;
    }
    if let Some(symbol) = catalogue::arg_symbol(name) {
        return symbol;
    }
    let find = || {
        (0..COMPLETE.load(Ordering::Acquire))
            .map(|place| Symbol(catalogue::SYMBOL_COUNT + place))
            .find(|symbol| interned(*symbol) == Some(name))
    };
    if let Some(symbol) = find() {
        return symbol;
    }
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Symbol::NONE;
    }
    let place = CLAIMED.load(Ordering::Relaxed);
    if place as usize >= MOST_NAMES
        || CLAIMED
            .compare_exchange(place, place + 1, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
    {
        // Full, or another thread interns at this moment: the name stays unknown for this once.
        return Symbol::NONE;
    }
    // SAFETY: this thread alone claimed the entry; readers look only at complete ones.
    unsafe {
        let entry = (&raw mut NAMES[place as usize]).cast::<u8>();
        entry.copy_from(name.as_ptr(), name.len());
        entry.add(LONGEST_NAME).write(name.len() as u8);
    }
    // Entries complete in the order in which they were claimed.
    while COMPLETE
        .compare_exchange(place, place + 1, Ordering::Release, Ordering::Relaxed)
        .is_err()
    {
        core::hint::spin_loop();
    }
    Symbol(catalogue::SYMBOL_COUNT + place)
}

fn interned(symbol: Symbol) -> Option<&'static [u8]> {
    let place = symbol.0.checked_sub(catalogue::SYMBOL_COUNT)?;
    if place >= COMPLETE.load(Ordering::Acquire) {
        return None;
    }
    // SAFETY: complete entries never change again.
    let entry: &'static [u8; LONGEST_NAME + 1] = unsafe { &NAMES[place as usize] };
    Some(&entry[..usize::from(entry[LONGEST_NAME])])
}
