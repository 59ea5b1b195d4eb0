//! A host in process, for unit tests: it loads nothing, and calls a plugin through its real entry and the real ABI.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::fmt;
use std::ptr;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use audithook_abi::arrow::ArrowArrayStream;
use audithook_abi::command::{
    ANSWER_BYTES, ANSWER_NONE, ANSWER_VALUE, INTERFACE_COMMAND, RawAnswer, RawCall, RawCommand,
    RawCommands, RawStream,
};
use audithook_abi::plugin::{INTERFACE_REPORT, REPORT_JSON, REPORT_TEXT};
use audithook_abi::{
    ABI_MAJOR, ABI_MINOR, Event, LogLevel, RawAttach, RawAttachment, RawHook, RawHost, RawInstance,
    RawOutcome, RawPlugin, RawReply, RawReport, RawSink, RawStr, Source, Symbol, Value, Verdict,
    status,
};

use crate::guard::keep_the_programs_panic_hook;
use crate::{Failure, Outcome, Result};

/// A plugin's exported function, `audithook_plugin_entry`.
pub type Entry = extern "C" fn(u32) -> *const RawPlugin;

/// A host that remembers what plugins tell it. Clones are the same host.
#[derive(Clone)]
pub struct Host {
    state: Arc<State>,
    /// Never freed, as the ABI promises for tables.
    table: &'static RawHost,
}

/// An instance of the plugin under test.
pub struct Instance {
    host: Host,
    plugin: &'static RawPlugin,
    raw: *mut RawInstance,
}

/// An attached hook of the plugin under test.
pub struct Attached<'a> {
    instance: &'a Instance,
    hook: &'static RawHook,
    raw: *mut RawAttachment,
}

/// An event of a test.
#[derive(Clone, Debug)]
pub struct TestEvent<'a> {
    id: Symbol,
    args: Vec<Value<'a>>,
    /// `EVENT_…`
    pub flags: u32,
    /// The process.
    pub pid: u32,
    /// The source.
    pub source: Source,
    /// For afters and observers.
    pub verdict: Verdict,
}

/// What a gate answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it returned.
    pub status: i32,
    /// The reason that it gave, for a verdict or a failure.
    pub reason: Option<String>,
    /// What it left for its after.
    pub cookie: u64,
}

/// What a command answered, and the exit status that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replied {
    /// Nothing.
    Nothing(u8),
    /// A value, as text.
    Value(String, u8),
    /// All bytes of a stream.
    Bytes(Vec<u8>, u8),
}

/// What a plugin emitted: the name and the arguments, for a comparison.
pub type Emitted = (String, Vec<(String, String)>);

#[derive(Default)]
struct State {
    log: Mutex<Vec<(LogLevel, String)>>,
    emitted: Mutex<Vec<Emitted>>,
    answer: Mutex<Verdict>,
    counters: Mutex<BTreeMap<String, u64>>,
}

/// Names are the same for every host of a process.
static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

impl Host {
    /// A host that offers everything.
    #[must_use]
    pub fn new() -> Self {
        Self::with_table(RawHost {
            log: Some(log),
            intern: Some(intern),
            text: Some(text),
            emit: Some(emit),
            set_reason: Some(set_reason),
            event_retain: Some(event_retain),
            event_release: Some(event_release),
            now_ns: Some(now_ns),
            counter_add: Some(counter_add),
            ..empty_table()
        })
    }

    /// A host that offers nothing: every function of its table is NULL.
    #[must_use]
    pub fn minimal() -> Self {
        Self::with_table(empty_table())
    }

    fn with_table(mut table: RawHost) -> Self {
        keep_the_programs_panic_hook();
        let state = Arc::<State>::default();
        table.ctx = Arc::into_raw(Arc::clone(&state)).cast_mut().cast();
        Self {
            state,
            table: Box::leak(Box::new(table)),
        }
    }

    /// Makes an instance from `config`, a JSON object.
    ///
    /// # Errors
    /// The plugin refuses.
    pub fn create(&self, entry: Entry, config: &str) -> Result<Instance> {
        // SAFETY: a plugin's entry gives null or a descriptor in static storage, made by this version of the SDK.
        let plugin = unsafe { entry(ABI_MAJOR.into()).as_ref() }
            .ok_or_else(|| Failure::unsupported("the plugin offers nothing for this ABI"))?;
        let mut raw = ptr::null_mut();
        let create = plugin.create.expect("an SDK's plugin can be created");
        let (status, reason, _) = with_reply(|reply| {
            // SAFETY: the ABI's contract, kept: everything is valid for the call, the table for ever.
            unsafe { create(self.table, RawStr::new(config), reply, &raw mut raw) }
        });
        if status != status::OK {
            return Err(Failure::with_status(status, reason.unwrap_or_default()));
        }
        Ok(Instance {
            host: self.clone(),
            plugin,
            raw,
        })
    }

    /// An event of this name with these arguments.
    #[must_use]
    pub fn event<'a>(&self, name: &str, args: &[(&str, Value<'a>)]) -> TestEvent<'a> {
        TestEvent {
            id: intern_name(name),
            args: args
                .iter()
                .map(|(name, value)| value.named(intern_name(name)))
                .collect(),
            flags: 0,
            pid: std::process::id(),
            source: Source::App,
            verdict: Verdict::Allow,
        }
    }

    /// The lines that plugins logged, and forgets them.
    #[must_use]
    pub fn take_log(&self) -> Vec<(LogLevel, String)> {
        std::mem::take(&mut lock(&self.state.log))
    }

    /// The events that plugins emitted, and forgets them.
    #[must_use]
    pub fn take_emitted(&self) -> Vec<Emitted> {
        std::mem::take(&mut lock(&self.state.emitted))
    }

    /// What plugins are answered when they emit; `Allow` at first.
    pub fn answer_emitted(&self, verdict: Verdict) {
        *lock(&self.state.answer) = verdict;
    }

    /// A counter of the plugins; 0 if there is none.
    #[must_use]
    pub fn counter(&self, name: &str) -> u64 {
        lock(&self.state.counters).get(name).copied().unwrap_or(0)
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Instance {
    /// Attaches a hook with `with`, a JSON object.
    ///
    /// # Errors
    /// There is no such hook, or it refuses.
    pub fn attach(&self, function: &str, with: &str) -> Result<Attached<'_>> {
        self.attach_as(function, with, "", "")
    }

    /// Attaches a hook as the policy's hook `name`, for the events `on`.
    ///
    /// # Errors
    /// There is no such hook, or it refuses.
    pub fn attach_as(
        &self,
        function: &str,
        with: &str,
        name: &str,
        on: &str,
    ) -> Result<Attached<'_>> {
        // SAFETY: the descriptor was made by this version of the SDK from a slice of hooks with texts in static storage.
        let hooks =
            unsafe { slice::from_raw_parts(self.plugin.hooks, self.plugin.n_hooks as usize) };
        let place = hooks
            .iter()
            // SAFETY: as above.
            .position(|hook| unsafe { hook.name.bytes() } == function.as_bytes())
            .ok_or_else(|| Failure::unsupported(format!("no hook: `{function}`")))?;
        let request = RawAttach {
            struct_size: size_of::<RawAttach>() as u32,
            hook: place as u32,
            name: RawStr::new(name),
            on: RawStr::new(on),
            with: RawStr::new(with),
        };
        let attach = self.plugin.attach.expect("an SDK's hooks can be attached");
        let mut raw = ptr::null_mut();
        let (status, reason, _) = with_reply(|reply| {
            // SAFETY: the ABI's contract, kept: the instance is alive, everything else is valid for the call.
            unsafe { attach(self.raw, &raw const request, reply, &raw mut raw) }
        });
        if status != status::OK {
            return Err(Failure::with_status(status, reason.unwrap_or_default()));
        }
        Ok(Attached {
            instance: self,
            hook: &hooks[place],
            raw,
        })
    }

    /// Calls a command with a value for each of its parameters, and reads the answer to its end.
    ///
    /// # Errors
    /// There is no such command, it refuses, or it fails.
    ///
    /// # Panics
    /// The answer is a table: this host reads none.
    pub fn call(&self, command: &str, args: &[Value<'_>], input: Option<&[u8]>) -> Result<Replied> {
        let call = self
            .command(command)
            .and_then(|command| command.call)
            .ok_or_else(|| Failure::unsupported(format!("no command: `{command}`")))?;
        let mut piped = input;
        let input = RawStream {
            ctx: ptr::from_mut(&mut piped).cast(),
            next: Some(next_of_input),
            close: None,
        };
        let request = RawCall {
            struct_size: size_of::<RawCall>() as u32,
            n_args: args.len() as u32,
            args: args.as_ptr().cast(),
            arg_stride: size_of::<Value<'_>>() as u32,
            reserved: 0,
            input: if piped.is_some() {
                &raw const input
            } else {
                ptr::null()
            },
            ctx: ptr::null_mut(),
            progress: None,
            cancelled: None,
        };
        let mut table = ArrowArrayStream::NONE;
        let mut answer = RawAnswer {
            struct_size: size_of::<RawAnswer>() as u32,
            kind: ANSWER_NONE,
            value: Value::NULL,
            bytes: RawStream::NONE,
            table: &raw mut table,
            ctx: ptr::null_mut(),
            status: None,
            close: None,
        };
        let (status, reason, _) = with_reply(|reply| {
            // SAFETY: the ABI's contract, kept: the instance is alive, and everything else until the answer is closed.
            unsafe { call(self.raw, &raw const request, reply, &raw mut answer) }
        });
        if status != status::OK {
            return Err(Failure::with_status(status, reason.unwrap_or_default()));
        }
        let read = read_answer(&answer);
        if let Some(close) = answer.close {
            // SAFETY: the plugin's own function and context, once; the stream was read and needs no end of its own.
            unsafe { close(answer.ctx) };
        }
        read
    }

    /// The JSON Schema of `config`.
    #[must_use]
    pub fn config_schema(&self) -> &str {
        // SAFETY: the descriptor's texts lie in static storage.
        std::str::from_utf8(unsafe { self.plugin.config_schema.bytes() }).unwrap_or("")
    }

    /// The JSON Schema of `with` of a hook.
    #[must_use]
    pub fn with_schema(&self, function: &str) -> Option<&str> {
        // SAFETY: as in `attach_as`.
        let hooks =
            unsafe { slice::from_raw_parts(self.plugin.hooks, self.plugin.n_hooks as usize) };
        let hook = hooks
            .iter()
            // SAFETY: the descriptor's texts lie in static storage.
            .find(|hook| unsafe { hook.name.bytes() } == function.as_bytes())?;
        // SAFETY: as above.
        std::str::from_utf8(unsafe { hook.with_schema.bytes() }).ok()
    }

    fn command(&self, name: &str) -> Option<&'static RawCommand> {
        let find = self.plugin.get_interface?;
        // SAFETY: the ABI's contract, kept: what stands under this id is an `ah_commands` in static storage, made by this version
        // of the SDK.
        unsafe {
            let table = find(RawStr::new(INTERFACE_COMMAND))
                .cast::<RawCommands>()
                .as_ref()?;
            slice::from_raw_parts(table.commands, table.n_commands as usize)
                .iter()
                .find(|command| command.name.bytes() == name.as_bytes())
        }
    }

    /// The report for people.
    ///
    /// # Errors
    /// The plugin has none, or fails.
    pub fn report(&self) -> Result<String> {
        self.render(REPORT_TEXT)
    }

    /// The report for programs.
    ///
    /// # Errors
    /// The plugin has none, or fails.
    pub fn report_json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.render(REPORT_JSON)?)?)
    }

    fn render(&self, format: u32) -> Result<String> {
        let find = self
            .plugin
            .get_interface
            .expect("an SDK's plugin has interfaces");
        // SAFETY: the ABI's contract, kept: the id is valid for the call, and what is found under this
        // id is an `ah_report`, made by this version of the SDK.
        let interface = unsafe {
            find(RawStr::new(INTERFACE_REPORT))
                .cast::<RawReport>()
                .as_ref()
        };
        let render = interface
            .and_then(|interface| interface.render)
            .ok_or_else(|| Failure::unsupported("the plugin renders no report"))?;
        let mut bytes = Vec::<u8>::new();
        let sink = RawSink {
            struct_size: size_of::<RawSink>() as u32,
            reserved: 0,
            ctx: ptr::from_mut(&mut bytes).cast(),
            write: Some(take),
        };
        // SAFETY: the ABI's contract, kept: the instance is alive, the sink is valid for the call.
        match unsafe { render(self.raw, format, &raw const sink) } {
            status::OK => Ok(String::from_utf8(bytes)?),
            other => Err(Failure::with_status(other, "the report failed")),
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(destroy) = self.plugin.destroy {
            // SAFETY: attached hooks borrow the instance, so none is left.
            unsafe { destroy(self.raw) };
        }
    }
}

impl Attached<'_> {
    /// Calls the gate.
    #[must_use]
    pub fn judge(&self, event: &TestEvent<'_>) -> Judged {
        let gate = self.hook.gate.expect("the hook is a gate");
        let (status, reason, cookie) = with_reply(|reply| {
            // SAFETY: the ABI's contract, kept: the attachment is alive, everything else is valid for the call.
            event.with(|event| unsafe { gate(self.raw, event, reply) })
        });
        Judged {
            status,
            reason,
            cookie,
        }
    }

    /// Calls the after with an outcome and a cookie.
    ///
    /// # Errors
    /// What it returned.
    pub fn ended(&self, event: &TestEvent<'_>, outcome: Outcome, cookie: u64) -> Result<(), i32> {
        let after = self.hook.after.expect("the hook is an after");
        let outcome = RawOutcome::new(outcome.verdict, outcome.errno);
        // SAFETY: as for the gate.
        match event.with(|event| unsafe { after(self.raw, event, &raw const outcome, cookie) }) {
            status::OK => Ok(()),
            other => Err(other),
        }
    }

    /// Calls the observer.
    ///
    /// # Errors
    /// What it returned.
    pub fn observe(&self, event: &TestEvent<'_>) -> Result<(), i32> {
        let observe = self.hook.observe.expect("the hook is an observer");
        // SAFETY: as for the gate.
        match event.with(|event| unsafe { observe(self.raw, event) }) {
            status::OK => Ok(()),
            other => Err(other),
        }
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.instance.host
    }
}

// SAFETY: the ABI lets any thread call the functions of a hook.
unsafe impl Send for Attached<'_> {}
// SAFETY: as above.
unsafe impl Sync for Attached<'_> {}
// SAFETY: an instance is only read while hooks are attached and called; `create` and `drop` have it alone.
unsafe impl Send for Instance {}
// SAFETY: as above; `attach` of plugins of the SDK may run on several threads at a time.
unsafe impl Sync for Instance {}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        if let Some(detach) = self.instance.plugin.detach {
            // SAFETY: attached once, detached once, with the instance alive.
            unsafe { detach(self.instance.raw, self.raw) };
        }
    }
}

impl TestEvent<'_> {
    fn with<R>(&self, act: impl FnOnce(*const Event<'_>) -> R) -> R {
        let mut event = Event::new(self.id, &self.args);
        event.flags = self.flags;
        event.pid = self.pid;
        event.tid = self.pid;
        event.source = self.source as u8;
        event.verdict = self.verdict as u8;
        act(&raw const event)
    }
}

impl Judged {
    /// The verdict; `None` for an error.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::from_number(u8::try_from(self.status).ok()?)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("testing::Host")
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("testing::Instance")
    }
}

impl fmt::Debug for Attached<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("testing::Attached")
    }
}

const fn empty_table() -> RawHost {
    RawHost {
        struct_size: size_of::<RawHost>() as u32,
        abi_major: ABI_MAJOR,
        abi_minor: ABI_MINOR,
        ctx: ptr::null_mut(),
        log: None,
        intern: None,
        text: None,
        emit: None,
        set_reason: None,
        event_retain: None,
        event_release: None,
        now_ns: None,
        counter_add: None,
        get_interface: None,
    }
}

fn with_reply(act: impl FnOnce(*mut RawReply) -> i32) -> (i32, Option<String>, u64) {
    let mut reason = None::<String>;
    let mut reply = RawReply::new(0, ptr::from_mut(&mut reason).cast());
    let status = act(&raw mut reply);
    let cookie = reply.cookie;
    (status, reason, cookie)
}

fn intern_name(name: &str) -> Symbol {
    let mut names = lock(&NAMES);
    let place = names.iter().position(|known| *known == name);
    let place = place.unwrap_or_else(|| {
        names.push(name.to_owned().leak());
        names.len() - 1
    });
    Symbol(place as u32)
}

fn text_of(symbol: Symbol) -> Option<&'static str> {
    lock(&NAMES).get(symbol.0 as usize).copied()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Safety
/// `ctx` is that of a table made here: its state is never freed.
unsafe fn state<'a>(ctx: *mut c_void) -> &'a State {
    // SAFETY: the caller's promise.
    unsafe { &*ctx.cast::<State>() }
}

unsafe extern "C" fn log(ctx: *mut c_void, level: u32, line: RawStr) {
    // SAFETY: the ABI's contract, kept by `crate::Host`.
    let (state, line) = unsafe { (state(ctx), line.bytes()) };
    let line = String::from_utf8_lossy(line).into_owned();
    lock(&state.log).push((LogLevel::from_number(level), line));
}

unsafe extern "C" fn intern(_: *mut c_void, name: RawStr) -> Symbol {
    // SAFETY: the ABI's contract, kept by `crate::Host`.
    match std::str::from_utf8(unsafe { name.bytes() }) {
        Ok(name) if !name.is_empty() && name.len() <= 256 => intern_name(name),
        _ => Symbol::NONE,
    }
}

unsafe extern "C" fn text(_: *mut c_void, symbol: Symbol, out: *mut RawStr) -> i32 {
    let Some(text) = text_of(symbol) else {
        return status::BAD_ARG;
    };
    // SAFETY: the ABI's contract, kept by `crate::Host`.
    unsafe { out.write(RawStr::new(text)) };
    status::OK
}

unsafe extern "C" fn emit(
    ctx: *mut c_void,
    event: Symbol,
    args: *const Value<'_>,
    n_args: u32,
) -> i32 {
    // SAFETY: the ABI's contract, kept by `crate::Host`, which passes the parts of a slice.
    let (state, args) = unsafe { (state(ctx), slice::from_raw_parts(args, n_args as usize)) };
    let Some(name) = text_of(event) else {
        return status::BAD_ARG;
    };
    let shown = args.iter().map(|value| {
        let name = text_of(value.name()).unwrap_or("");
        let bytes = value.as_bytes().map(String::from_utf8_lossy);
        (
            name.to_owned(),
            bytes.map_or_else(|| format!("{value:?}"), Into::into),
        )
    });
    lock(&state.emitted).push((name.to_owned(), shown.collect()));
    *lock(&state.answer) as i32
}

unsafe extern "C" fn set_reason(_: *mut c_void, reply: *mut RawReply, text: RawStr) -> i32 {
    // SAFETY: the ABI's contract, kept by `crate::Reply`: the reply is the one of `with_reply`.
    unsafe {
        let text = String::from_utf8_lossy(text.bytes()).into_owned();
        *(*reply).call.cast::<Option<String>>() = Some(text);
    }
    status::OK
}

/// A copy that is never freed: tests are short.
unsafe extern "C" fn event_retain(
    _: *mut c_void,
    event: *const Event<'_>,
) -> *const Event<'static> {
    // SAFETY: the ABI's contract, kept by `crate::Host`.
    let Some(event) = (unsafe { Event::from_raw(event) }) else {
        return ptr::null();
    };
    let args: Vec<Value<'static>> = event.args().iter().map(leaked).collect();
    Box::leak(Box::new(event.with_args(args.leak())))
}

fn leaked(value: &Value<'_>) -> Value<'static> {
    use audithook_abi::View;
    let bytes = |bytes: &[u8]| -> &'static [u8] { bytes.to_vec().leak() };
    let all = |values: &[Value<'_>]| -> &'static [Value<'static>] {
        values.iter().map(leaked).collect::<Vec<_>>().leak()
    };
    let copied = match value.view() {
        View::Bool(truth) => Value::bool(truth),
        View::I64(number) => Value::i64(number),
        View::U64(number) => Value::u64(number),
        View::F64(number) => Value::f64(number),
        View::Fd(number) => Value::fd(number),
        View::Str(text) => Value::str(bytes(text)),
        View::Bytes(text) => Value::bytes(bytes(text)),
        View::Path(text) => Value::path(bytes(text)),
        View::Addr(text) => Value::addr(bytes(text)),
        View::List(values) => Value::list(all(values)),
        View::Map(values) => Value::map(all(values)),
        _ => Value::NULL,
    };
    copied.flagged(value.flags()).named(value.name())
}

unsafe extern "C" fn event_release(_: *mut c_void, _: *const Event<'_>) {}

unsafe extern "C" fn now_ns(_: *mut c_void) -> u64 {
    // Any clock that moves will do for a test.
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_nanos() as u64 + 1
}

unsafe extern "C" fn counter_add(ctx: *mut c_void, counter: Symbol, delta: u64) {
    // SAFETY: the ABI's contract, kept by `crate::Host`.
    let state = unsafe { state(ctx) };
    if let Some(name) = text_of(counter) {
        *lock(&state.counters).entry(name.to_owned()).or_default() += delta;
    }
}

unsafe extern "C" fn take(ctx: *mut c_void, piece: RawStr) -> i32 {
    // SAFETY: the ABI's contract, kept by the SDK's `render`: the context is the vector of `Instance::render`.
    unsafe { (*ctx.cast::<Vec<u8>>()).extend_from_slice(piece.bytes()) };
    status::OK
}

/// Reads an answer to its end.
fn read_answer(answer: &RawAnswer) -> Result<Replied> {
    let status = || {
        answer.status.map_or(0, |status| {
            // SAFETY: the plugin's own function and context, before the answer is closed.
            u8::try_from(unsafe { status(answer.ctx) }).unwrap_or(u8::MAX)
        })
    };
    match answer.kind {
        ANSWER_NONE => Ok(Replied::Nothing(status())),
        ANSWER_VALUE => Ok(Replied::Value(shown(&answer.value), status())),
        ANSWER_BYTES => {
            let next = answer.bytes.next.expect("an SDK's stream can be read");
            let mut all = Vec::new();
            loop {
                let mut piece = RawStr::EMPTY;
                let (status_of_next, reason, _) = with_reply(|reply| {
                    // SAFETY: the plugin's own function and context, before the answer is closed.
                    unsafe { next(answer.bytes.ctx, reply, &raw mut piece) }
                });
                match status_of_next {
                    // SAFETY: a piece, readable until the next call.
                    1 => all.extend_from_slice(unsafe { piece.bytes() }),
                    status::OK => return Ok(Replied::Bytes(all, status())),
                    failed => {
                        return Err(Failure::with_status(failed, reason.unwrap_or_default()));
                    }
                }
            }
        }
        _ => panic!("this host reads no tables"),
    }
}

fn shown(value: &Value<'_>) -> String {
    use audithook_abi::View;
    match value.view() {
        View::Null => String::new(),
        View::Bool(truth) => truth.to_string(),
        View::I64(number) => number.to_string(),
        View::U64(number) => number.to_string(),
        View::F64(number) => number.to_string(),
        _ => value.as_bytes().map_or_else(
            || format!("{value:?}"),
            |bytes| String::from_utf8_lossy(bytes).into_owned(),
        ),
    }
}

/// Gives the input in pieces of 4,096 bytes.
unsafe extern "C" fn next_of_input(ctx: *mut c_void, _: *mut RawReply, piece: *mut RawStr) -> i32 {
    // SAFETY: the ABI's contract, kept by the SDK: the context is the slice of `Instance::call`, the place its own.
    unsafe {
        let left = &mut *ctx.cast::<Option<&[u8]>>();
        let all = left.unwrap_or(&[]);
        let (now, later) = all.split_at(all.len().min(4096));
        *left = Some(later);
        if now.is_empty() {
            return status::OK;
        }
        piece.write(RawStr {
            ptr: now.as_ptr(),
            len: now.len() as u64,
        });
    }
    1
}
