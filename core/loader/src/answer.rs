//! Calling a command, and reading what it answers.

use std::ffi::c_void;
use std::fmt;
use std::io::Read;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use audithook_abi::arrow::ArrowArrayStream;
use audithook_abi::command::{
    ANSWER_BYTES, ANSWER_NONE, ANSWER_TABLE, ANSWER_VALUE, RawAnswer, RawCall, RawStream,
};
use audithook_abi::{RawReply, RawStr, Value, status};

use crate::Argument;
use crate::error::CallError;
use crate::host::{Reason, reply_to};
use crate::instance::{Instance, failure, nearest, said};

/// Who waits for an answer. Called from any thread.
pub trait Watch: Send + Sync {
    /// How far the command is: `done` of `total` of some unit; the total is 0 while nobody knows it.
    fn progress(&self, done: u64, total: u64, unit: &str) {
        let _ = (done, total, unit);
    }

    /// Whether nobody waits any more.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Waits to the end, and looks at no progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience;

impl Watch for Patience {}

/// What a command answered. What it does goes on while it is read; dropping it ends that.
pub struct Answer {
    content: Content,
    // Behind the content: the header ends streams first, then the answer, and what they were given last of all.
    closing: Closing,
}

/// What an [`Answer`] is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// Nothing to say.
    Nothing,
    /// One value: [`Answer::value`].
    Value,
    /// A stream of bytes.
    Bytes(ByteStream),
    /// A table.
    Table(TableStream),
}

/// Bytes that come as they are asked for.
pub struct ByteStream {
    raw: RawStream,
    instance: Instance,
    ended: bool,
}

/// A table: an Arrow C stream of record batches, to be given to a library that reads such.
pub struct TableStream {
    raw: Box<ArrowArrayStream>,
}

// SAFETY: the header lets any thread use a stream, one at a time.
unsafe impl Send for ByteStream {}
// SAFETY: as above, for the stream interface of Arrow.
unsafe impl Send for TableStream {}

/// Ends an answer once nobody reads it any more.
struct Closing {
    raw: RawAnswer,
    /// What the call was given and may use until the answer is closed.
    _given: Given,
    _instance: Instance,
}

// SAFETY: the header lets any thread use an answer, one at a time.
unsafe impl Send for Closing {}

/// What a call may use until its answer is closed. The plugin keeps its address, so it is no `Box`, which may not be shared.
struct Given(NonNull<GivenParts>);

struct GivenParts {
    input: RawStream,
    piped: Option<Piped>,
    watch: Arc<dyn Watch>,
}

struct Piped {
    reader: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
}

/// What is read from a pipe at once: what a pipe of Linux holds.
const PIECE: usize = 64 << 10;

impl Instance {
    /// Calls a command with an argument for each of its parameters.
    ///
    /// # Errors
    /// The plugin does not offer it, refuses the arguments, or fails.
    pub fn call(
        &self,
        command: &str,
        arguments: &[Argument],
        input: Option<Box<dyn Read + Send>>,
        watch: Arc<dyn Watch>,
    ) -> Result<Answer, CallError> {
        let plugin = self.plugin().info();
        let called = || format!("{} {command}", plugin.name);
        let Some((info, call)) = self.plugin().shared.descriptor.command(command) else {
            let offered = || plugin.commands.iter().map(|offered| offered.name.as_str());
            return Err(CallError::NotOffered {
                nearest: nearest(command, offered()).map(str::to_owned),
                offered: offered().map(str::to_owned).collect(),
                plugin: plugin.name.clone(),
                command: command.to_owned(),
            });
        };
        if self.is_poisoned() {
            return Err(CallError::Poisoned(called()));
        }
        if arguments.len() != info.params.len() {
            return Err(CallError::Refused {
                command: called(),
                reason: format!(
                    "{} arguments for {} parameters",
                    arguments.len(),
                    info.params.len()
                )
                .into(),
            });
        }
        let given = Given::new(input, watch);
        let lists = Argument::lists(arguments);
        let values = Argument::values(arguments, &lists);
        let mut table = Box::new(ArrowArrayStream::NONE);
        let mut raw = RawAnswer {
            struct_size: size_of::<RawAnswer>() as u32,
            kind: ANSWER_NONE,
            value: Value::NULL,
            bytes: RawStream::NONE,
            table: &raw mut *table,
            ctx: ptr::null_mut(),
            status: None,
            close: None,
        };
        let request = RawCall {
            struct_size: size_of::<RawCall>() as u32,
            n_args: values.len() as u32,
            args: values.as_ptr().cast(),
            arg_stride: size_of::<Value<'_>>() as u32,
            reserved: 0,
            input: given.input(),
            ctx: given.0.as_ptr().cast(),
            progress: Some(progress),
            cancelled: Some(cancelled),
        };
        let mut reason = Reason::None;
        let mut reply = reply_to(&mut reason, 0);
        // SAFETY: the instance is alive; request, reply and answer are valid for the call, and what they lead to that may be
        // used longer lies in `given` and `table`, which outlive the answer.
        let status = unsafe { call(self.raw(), &raw const request, &raw mut reply, &raw mut raw) };
        match status {
            status::OK => {}
            status::BAD_ARG => {
                return Err(CallError::Refused {
                    command: called(),
                    reason: said(reason),
                });
            }
            status::PANIC => {
                self.poison();
                return Err(CallError::Panicked(called(), said(reason)));
            }
            other => {
                return Err(CallError::Failed {
                    command: called(),
                    reason: failure(other, reason),
                });
            }
        }
        let broken = |what: &'static str| CallError::Broken {
            command: called(),
            what,
        };
        let kind = raw.kind;
        let bytes = mem::replace(&mut raw.bytes, RawStream::NONE);
        let closing = Closing {
            raw,
            _given: given,
            _instance: self.clone(),
        };
        let content = match kind {
            ANSWER_NONE => Content::Nothing,
            ANSWER_VALUE => Content::Value,
            ANSWER_BYTES if bytes.next.is_none() => return Err(broken("`bytes.next` is NULL")),
            ANSWER_BYTES => Content::Bytes(ByteStream {
                raw: bytes,
                instance: self.clone(),
                ended: false,
            }),
            ANSWER_TABLE if table.release.is_none() => {
                return Err(broken("the table is released already"));
            }
            ANSWER_TABLE
                if table.get_schema.is_none()
                    || table.get_next.is_none()
                    || table.get_last_error.is_none() =>
            {
                drop(TableStream { raw: table });
                return Err(broken("a function of the table is NULL"));
            }
            ANSWER_TABLE => Content::Table(TableStream { raw: table }),
            _ => return Err(broken("its kind is unknown")),
        };
        Ok(Answer { content, closing })
    }
}

impl Answer {
    /// What it is, to be read.
    pub const fn content(&mut self) -> &mut Content {
        &mut self.content
    }

    /// The one value; null if the answer is none.
    #[must_use]
    pub fn value(&self) -> &Value<'_> {
        &self.closing.raw.value
    }

    /// The exit status that the command asks for: to be asked once all was read.
    #[must_use]
    pub fn status(&self) -> u8 {
        self.closing.raw.status.map_or(0, |status| {
            // SAFETY: the plugin's own function and context; the answer is not closed.
            let status = unsafe { status(self.closing.raw.ctx) };
            u8::try_from(status).unwrap_or(u8::MAX)
        })
    }
}

impl ByteStream {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The command failed: nothing more comes.
    // A piece is borrowed until the next: no iterator can say that.
    #[expect(
        clippy::should_implement_trait,
        reason = "a piece is borrowed until the next, which no `Iterator` can say"
    )]
    pub fn next(&mut self) -> Result<Option<&[u8]>, CallError> {
        if self.ended {
            return Ok(None);
        }
        let name = || self.instance.plugin().info().name.clone();
        if self.instance.is_poisoned() {
            self.ended = true;
            return Err(CallError::Poisoned(name()));
        }
        let Some(next) = self.raw.next else {
            self.ended = true;
            return Ok(None);
        };
        let mut reason = Reason::None;
        let mut reply = reply_to(&mut reason, 0);
        let mut piece = RawStr::EMPTY;
        // SAFETY: the plugin's own function and context; the stream is not closed, reply and place are valid for the call.
        let status = unsafe { next(self.raw.ctx, &raw mut reply, &raw mut piece) };
        match status {
            // SAFETY: the header's contract: readable until the next call on this stream, which needs `self` again.
            1 => Ok(Some(unsafe { piece.bytes() })),
            status::OK => {
                self.ended = true;
                Ok(None)
            }
            status::PANIC => {
                self.ended = true;
                self.instance.poison();
                Err(CallError::Panicked(name(), said(reason)))
            }
            other => {
                self.ended = true;
                Err(CallError::Failed {
                    command: name(),
                    reason: failure(other, reason),
                })
            }
        }
    }
}

impl Drop for ByteStream {
    fn drop(&mut self) {
        if let Some(close) = self.raw.close {
            // SAFETY: the plugin's own function and context, once, at the end.
            unsafe { close(self.raw.ctx) };
        }
    }
}

impl TableStream {
    /// The stream, for a library that takes one over: it is then released already, as the interface of Arrow says.
    pub fn as_mut_ptr(&mut self) -> *mut ArrowArrayStream {
        &raw mut *self.raw
    }
}

/// The record batches of a [`TableStream`], which it has taken over.
#[cfg(feature = "arrow")]
pub struct TableReader<'a> {
    batches: arrow_array::ffi_stream::RecordBatchStreamReader,
    /// The answer is closed after this, never before.
    stream: std::marker::PhantomData<&'a mut TableStream>,
}

#[cfg(feature = "arrow")]
impl TableStream {
    /// Reads the table. It can be read once.
    ///
    /// # Errors
    /// The plugin gives no schema, or one that is none.
    pub fn reader(&mut self) -> Result<TableReader<'_>, arrow_schema::ArrowError> {
        const {
            type Theirs = arrow_array::ffi_stream::FFI_ArrowArrayStream;
            assert!(size_of::<Theirs>() == size_of::<ArrowArrayStream>());
            assert!(align_of::<Theirs>() == align_of::<ArrowArrayStream>());
        }
        // SAFETY: the same struct of the same interface, whole and not released; it is moved out of its place, which says
        // then that it is released.
        let batches = unsafe {
            arrow_array::ffi_stream::RecordBatchStreamReader::from_raw(self.as_mut_ptr().cast())
        }?;
        Ok(TableReader {
            batches,
            stream: std::marker::PhantomData,
        })
    }
}

#[cfg(feature = "arrow")]
impl TableReader<'_> {
    /// The names and types of the columns.
    #[must_use]
    pub fn schema(&self) -> arrow_schema::SchemaRef {
        arrow_array::RecordBatchReader::schema(&self.batches)
    }
}

#[cfg(feature = "arrow")]
impl Iterator for TableReader<'_> {
    type Item = Result<arrow_array::RecordBatch, arrow_schema::ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.next()
    }
}

#[cfg(feature = "arrow")]
impl fmt::Debug for TableReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableReader")
            .field("schema", &self.schema())
            .finish_non_exhaustive()
    }
}

impl Drop for TableStream {
    fn drop(&mut self) {
        if let Some(release) = self.raw.release {
            // SAFETY: not released yet, which is what the field says.
            unsafe { release(&raw mut *self.raw) };
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(close) = self.raw.close {
            // SAFETY: the plugin's own function and context, once; streams were ended before.
            unsafe { close(self.raw.ctx) };
        }
    }
}

impl Given {
    fn new(input: Option<Box<dyn Read + Send>>, watch: Arc<dyn Watch>) -> Self {
        let parts = NonNull::from(Box::leak(Box::new(GivenParts {
            input: RawStream::NONE,
            piped: input.map(|reader| Piped {
                reader,
                buffer: vec![0; PIECE].into_boxed_slice(),
            }),
            watch,
        })));
        // SAFETY: just made, and nobody else knows it yet.
        unsafe {
            let at = parts.as_ptr();
            let ctx = (*at).piped.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
            (*at).input = RawStream {
                ctx: ctx.cast(),
                next: Some(next_of_input),
                close: None,
            };
        }
        Self(parts)
    }

    /// What the plugin reads from; null where nothing is piped in.
    fn input(&self) -> *const RawStream {
        // SAFETY: alive as long as `self`; a field that does not change.
        unsafe {
            let input = &raw const (*self.0.as_ptr()).input;
            if (*input).ctx.is_null() {
                ptr::null()
            } else {
                input
            }
        }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: leaked by `new`, and the answer is closed: nobody uses it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

unsafe extern "C" fn next_of_input(
    ctx: *mut c_void,
    reply: *mut RawReply,
    piece: *mut RawStr,
) -> i32 {
    // SAFETY: the plugin hands back the stream's `ctx`, by one thread at a time, before its answer is closed.
    let Some(piped) = (unsafe { ctx.cast::<Piped>().as_mut() }) else {
        return status::BAD_ARG;
    };
    if piece.is_null() {
        return status::BAD_ARG;
    }
    let read = loop {
        match catch_unwind(AssertUnwindSafe(|| piped.reader.read(&mut piped.buffer))) {
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(read) => break read,
            Err(_) => return status::ERROR,
        }
    };
    match read {
        Ok(0) => status::OK,
        Ok(length) => {
            // SAFETY: not null, and the plugin's own place; `read` filled that much of the buffer.
            unsafe {
                piece.write(RawStr {
                    ptr: piped.buffer.as_ptr(),
                    len: length as u64,
                });
            }
            1
        }
        Err(error) => {
            // SAFETY: the plugin hands over the reply that its running function was given.
            unsafe { crate::host::say(reply, &format!("the input cannot be read: {error}")) };
            status::ERROR
        }
    }
}

unsafe extern "C" fn progress(ctx: *mut c_void, done: u64, total: u64, unit: RawStr) {
    // SAFETY: the plugin hands back the call's `ctx` before its answer is closed; the text is readable during the call.
    unsafe {
        if let Some(watch) = watch_of(ctx) {
            let unit = String::from_utf8_lossy(unit.bytes());
            let unit = crate::host::one_line(&unit);
            // A watch that panics must not unwind into the plugin.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                watch.progress(done, total, &unit);
            }));
        }
    }
}

unsafe extern "C" fn cancelled(ctx: *mut c_void) -> i32 {
    // SAFETY: as in `progress`.
    let watch = unsafe { watch_of(ctx) };
    watch.map_or(1, |watch| {
        i32::from(catch_unwind(AssertUnwindSafe(|| watch.is_cancelled())).unwrap_or(true))
    })
}

/// The watch alone: the input beside it is another thread's to change.
///
/// # Safety
/// `ctx` is null or that of a call whose answer is not closed.
unsafe fn watch_of<'a>(ctx: *mut c_void) -> Option<&'a dyn Watch> {
    let parts = ctx.cast::<GivenParts>();
    if parts.is_null() {
        return None;
    }
    // SAFETY: the caller's promise; nobody changes the field.
    Some(unsafe { &(*parts).watch }.as_ref())
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TableStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableStream").finish_non_exhaustive()
    }
}
