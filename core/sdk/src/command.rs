//! What commands are: `audithook PLUGIN COMMAND …`.

use std::ffi::c_void;
use std::fmt;
use std::io::{self, Read};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use audithook_abi::command::{
    CancelledFn, PARAM_BYTES, PARAM_DURATION, PARAM_F64, PARAM_FLAG, PARAM_I64, PARAM_PATH,
    PARAM_POSITIONAL, PARAM_REPEATED, PARAM_REQUIRED, PARAM_SIZE, PARAM_STR, PARAM_U64, ProgressFn,
    RawCall, RawParam, RawStream,
};
use audithook_abi::{RawReply, RawStr, Value, View};

use crate::answer::Answer;
use crate::{Failure, FromArgument, Plugin, Result};

/// What a plugin does when it is asked. `commands: [Sum "sum" "Adds numbers."]` in [`export!`](crate::export!).
pub trait Command: Sized + 'static {
    /// Whose command it is.
    type Plugin: Plugin;

    /// What it takes: [`Call::argument`] has one argument for each, in this order.
    const PARAMS: &'static [Param] = &[];

    /// What `--help` says beside the summary and the parameters: lines; may be empty.
    const HELP: &'static str = "";

    /// It needs no verb: `audithook permutations 1 2 3`. At most one of a plugin.
    const DEFAULT: bool = false;

    /// It reads what is piped in: [`Call::input`].
    const READS_INPUT: bool = false;

    /// Does it. What it does to the world it raises first ([`Host::emit`](crate::Host::emit)), and obeys.
    ///
    /// # Errors
    /// It cannot be done; [`Failure::bad_argument`] says that the arguments make no sense together.
    fn call(plugin: &Arc<Self::Plugin>, call: &Call<'_>) -> Result<Answer>;
}

/// One parameter of a command.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Param(RawParam);

impl Param {
    const fn new(kind: u32, name: &'static str, summary: &'static str) -> Self {
        Self(RawParam {
            struct_size: size_of::<RawParam>() as u32,
            r#type: kind,
            flags: 0,
            letter: 0,
            name: RawStr::new(name),
            summary: RawStr::new(summary),
            value_name: RawStr::EMPTY,
            default_value: RawStr::EMPTY,
            choices: ptr::null(),
            n_choices: 0,
            reserved: 0,
        })
    }

    /// What an argument of this type is read from; it must be given, unless the type says otherwise.
    #[must_use]
    pub const fn of<T: FromArgument>(name: &'static str, summary: &'static str) -> Self {
        let mut param = Self::new(T::KIND, name, summary);
        if T::REPEATED {
            param = param.repeated();
        }
        if T::OPTIONAL { param } else { param.required() }
    }

    /// A switch without a value.
    #[must_use]
    pub const fn flag(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_FLAG, name, summary)
    }

    /// Text.
    #[must_use]
    pub const fn str(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_STR, name, summary)
    }

    /// Bytes as the command line has them.
    #[must_use]
    pub const fn bytes(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_BYTES, name, summary)
    }

    /// A path.
    #[must_use]
    pub const fn path(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_PATH, name, summary)
    }

    /// A number that may be negative.
    #[must_use]
    pub const fn i64(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_I64, name, summary)
    }

    /// A number that is not negative.
    #[must_use]
    pub const fn u64(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_U64, name, summary)
    }

    /// A number with a fraction; never NaN.
    #[must_use]
    pub const fn f64(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_F64, name, summary)
    }

    /// Bytes as a number, typed as `4096`, `64KiB`, `1.5MB`.
    #[must_use]
    pub const fn size(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_SIZE, name, summary)
    }

    /// Nanoseconds, typed as `250ms`, `1.5s`, `2m`.
    #[must_use]
    pub const fn duration(name: &'static str, summary: &'static str) -> Self {
        Self::new(PARAM_DURATION, name, summary)
    }

    /// Given by its place, not by its name.
    #[must_use]
    pub const fn positional(mut self) -> Self {
        self.0.flags |= PARAM_POSITIONAL;
        self
    }

    /// Must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.0.flags |= PARAM_REQUIRED;
        self
    }

    /// May be given several times: [`Call::list`].
    #[must_use]
    pub const fn repeated(mut self) -> Self {
        self.0.flags |= PARAM_REPEATED;
        self
    }

    /// The letter behind one dash.
    #[must_use]
    pub const fn letter(mut self, letter: char) -> Self {
        self.0.letter = letter as u32;
        self
    }

    /// What help shows for the value: `N`.
    #[must_use]
    pub const fn value_name(mut self, name: &'static str) -> Self {
        self.0.value_name = RawStr::new(name);
        self
    }

    /// What it is when it is not given, as it would be typed.
    #[must_use]
    pub const fn default_value(mut self, typed: &'static str) -> Self {
        self.0.default_value = RawStr::new(typed);
        self.0.flags &= !PARAM_REQUIRED;
        self
    }

    /// The only texts that are taken.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Self {
        self.0.choices = choices.as_ptr().cast();
        self.0.n_choices = choices.len() as u32;
        self
    }
}

/// One of the texts that a parameter takes.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Choice(RawStr);

// SAFETY: constant text.
unsafe impl Send for Choice {}
// SAFETY: as above.
unsafe impl Sync for Choice {}

impl Choice {
    /// A text.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(RawStr::new(text))
    }
}

/// One call of a command: its arguments, and who waits for the answer.
pub struct Call<'a> {
    args: Vec<Value<'a>>,
    given: Given,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `raw` is a call that keeps the header's contract: the arguments for `'a`, what is given until it is revoked.
    pub(crate) unsafe fn new(raw: &RawCall, given: Given) -> Result<Self> {
        let stride = raw.arg_stride as usize;
        let broken = || Failure::bad_argument("the call breaks the ABI");
        if raw.n_args > 0
            && (raw.args.is_null()
                || stride < size_of::<Value<'_>>()
                || !stride.is_multiple_of(align_of::<Value<'_>>()))
        {
            return Err(broken());
        }
        let args = (0..raw.n_args as usize)
            // SAFETY: the caller's promise: `n_args` values, `arg_stride` bytes apart.
            .map(|place| unsafe { *raw.args.byte_add(place * stride) })
            .collect();
        Ok(Self { args, given })
    }

    /// The argument of the parameter at this place; null if nothing was given for it.
    #[must_use]
    pub fn argument(&self, place: usize) -> Value<'a> {
        self.args.get(place).copied().unwrap_or(Value::NULL)
    }

    /// Whether a flag was given.
    #[must_use]
    pub fn flag(&self, place: usize) -> bool {
        matches!(self.argument(place).view(), View::Bool(true))
    }

    /// A number that is not negative, bytes, or nanoseconds.
    #[must_use]
    pub fn u64(&self, place: usize) -> Option<u64> {
        match self.argument(place).view() {
            View::U64(number) => Some(number),
            _ => None,
        }
    }

    /// A number that may be negative.
    #[must_use]
    pub fn i64(&self, place: usize) -> Option<i64> {
        match self.argument(place).view() {
            View::I64(number) => Some(number),
            _ => None,
        }
    }

    /// A number with a fraction.
    #[must_use]
    pub fn f64(&self, place: usize) -> Option<f64> {
        match self.argument(place).view() {
            View::F64(number) => Some(number),
            _ => None,
        }
    }

    /// Text.
    #[must_use]
    pub fn str(&self, place: usize) -> Option<&'a str> {
        self.bytes(place)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// Text, bytes or a path.
    #[must_use]
    pub fn bytes(&self, place: usize) -> Option<&'a [u8]> {
        match self.argument(place).view() {
            View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// What was given several times.
    #[must_use]
    pub fn list(&self, place: usize) -> &'a [Value<'a>] {
        match self.argument(place).view() {
            View::List(values) => values,
            _ => &[],
        }
    }

    /// What is piped in, if anything is. It may be read while the answer is; after that it fails.
    #[must_use]
    pub fn input(&self) -> Option<Input> {
        let has_input = self.given.input().is_some();
        has_input.then(|| Input {
            given: self.given.clone(),
            // Nothing was read yet.
            piece: Piece::NONE,
        })
    }

    /// Who waits for the answer: to be told how far it is, and asked whether it still does.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.given.clone())
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// Who waits for an answer. May be kept by any thread: once the answer is closed it does nothing.
#[derive(Clone)]
pub struct Watch(Given);

impl Watch {
    /// How far the command is: `done` of `total` of whatever `unit` says; a total of 0 is unknown.
    pub fn progress(&self, done: u64, total: u64, unit: &str) {
        self.0.with_waiting(|parts| {
            if let Some(progress) = parts.progress {
                // SAFETY: the host's own function and context, not revoked yet; the text is readable during the call.
                unsafe { progress(parts.ctx, done, total, RawStr::new(unit)) };
            }
        });
    }

    /// Whether nobody waits any more: stop soon, with [`Failure::again`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0
            .with_waiting(|parts| {
                parts.cancelled.is_some_and(|cancelled| {
                    // SAFETY: the host's own function and context, not revoked yet.
                    unsafe { cancelled(parts.ctx) != 0 }
                })
            })
            // The answer is closed.
            .unwrap_or(true)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// What is piped in.
pub struct Input {
    given: Given,
    piece: Piece,
}

/// What is left of the piece that the host gave last. It is looked at under the lock of what was given alone: as long as
/// that is not revoked and no other piece was asked for, the piece is readable.
struct Piece {
    at: *const u8,
    left: usize,
    number: u64,
}

// SAFETY: read under a lock, while it is what the host gave last.
unsafe impl Send for Piece {}

impl Piece {
    const NONE: Self = Self {
        at: ptr::null(),
        left: 0,
        number: 0,
    };
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = &mut self.piece;
        let mut piped = self.given.input();
        let piped = piped
            .as_mut()
            .ok_or_else(|| io::Error::other("the answer is closed"))?;
        // Another reader of the same input asked for the next piece: this one's rest is gone.
        if piece.number != piped.pieces {
            piece.left = 0;
        }
        while piece.left == 0 {
            let Some(next) = piped.stream.next else {
                return Ok(0);
            };
            let mut reply = RawReply::new(0, ptr::null_mut());
            let mut given = RawStr::EMPTY;
            // SAFETY: the host's own function and context, not revoked yet; under the lock, so by one thread.
            match unsafe { next(piped.stream.ctx, &raw mut reply, &raw mut given) } {
                0 => return Ok(0),
                1 => {}
                _ => return Err(io::Error::other("the input cannot be read")),
            }
            piped.pieces += 1;
            // SAFETY: what the host says is a piece is one, or empty.
            let bytes = unsafe { given.bytes() };
            *piece = Piece {
                at: bytes.as_ptr(),
                left: bytes.len(),
                number: piped.pieces,
            };
        }
        let length = piece.left.min(buffer.len());
        // SAFETY: so much of the piece is left, it is the last that was given, and it is not revoked: all seen under the
        // lock. The buffer is ours.
        unsafe {
            ptr::copy_nonoverlapping(piece.at, buffer.as_mut_ptr(), length);
            piece.at = piece.at.add(length);
        }
        piece.left -= length;
        Ok(length)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}

/// What the host gives for the time of an answer: revoked when it is closed.
#[derive(Clone)]
pub(crate) struct Given(Arc<Shared>);

/// Behind two locks: who asks whether anybody still waits does not wait for the input.
struct Shared {
    waiting: RwLock<Option<Waiting>>,
    input: Mutex<Option<Piped>>,
}

#[derive(Clone, Copy)]
struct Waiting {
    ctx: *mut c_void,
    progress: Option<ProgressFn>,
    cancelled: Option<CancelledFn>,
}

struct Piped {
    stream: RawStream,
    /// How many pieces were asked for.
    pieces: u64,
}

// SAFETY: the header tags the functions [any-thread].
unsafe impl Send for Waiting {}
// SAFETY: as above.
unsafe impl Sync for Waiting {}
// SAFETY: the stream is used under a lock, so by one thread at a time.
unsafe impl Send for Piped {}

impl Given {
    /// # Safety
    /// `raw` is a call that keeps the header's contract until [`Given::revoke`].
    pub(crate) unsafe fn new(raw: &RawCall) -> Self {
        // SAFETY: the caller's promise: null or a stream.
        let input = unsafe { raw.input.as_ref() };
        Self(Arc::new(Shared {
            waiting: RwLock::new(Some(Waiting {
                ctx: raw.ctx,
                progress: raw.progress,
                cancelled: raw.cancelled,
            })),
            input: Mutex::new(input.map(|stream| Piped {
                stream: *stream,
                pieces: 0,
            })),
        }))
    }

    /// From now on nothing of it is used. Waits for whoever uses it now.
    pub(crate) fn revoke(&self) {
        *self.input() = None;
        *self
            .0
            .waiting
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn input(&self) -> MutexGuard<'_, Option<Piped>> {
        self.0.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_waiting<R>(&self, act: impl FnOnce(&Waiting) -> R) -> Option<R> {
        let waiting = self.0.waiting.read();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.as_ref().map(act)
    }
}
