//! What commands answer.

use std::fmt;
use std::io::Read;
use std::ptr::NonNull;

use audithook_abi::Value;

use crate::Result;

/// What a command answers. A stream or a table goes on working as it is read, and ends when it is dropped.
pub struct Answer {
    pub(crate) content: Content,
    pub(crate) status: Option<Box<dyn Fn() -> u8 + Send>>,
}

pub(crate) enum Content {
    Nothing,
    Value(Held),
    Bytes(Box<dyn Pieces>),
    #[cfg(feature = "arrow")]
    Table(crate::table::Table),
}

/// Bytes, piece by piece, as they are asked for.
pub trait Pieces: Send + 'static {
    /// The next piece; `None` at the end. An empty one is no end.
    ///
    /// # Errors
    /// It failed: nothing more is asked for.
    fn next(&mut self) -> Result<Option<&[u8]>>;
}

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Datum {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number that may be negative.
    I64(i64),
    /// A number that is not negative.
    U64(u64),
    /// A number with a fraction.
    F64(f64),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A path.
    Path(Vec<u8>),
    /// Values in order.
    List(Vec<Datum>),
    /// Keys with their values.
    Map(Vec<(Datum, Datum)>),
}

impl Answer {
    const fn of(content: Content) -> Self {
        Self {
            content,
            status: None,
        }
    }

    /// Nothing to say.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::of(Content::Nothing)
    }

    /// One value.
    #[must_use]
    pub fn value(value: impl Into<Datum>) -> Self {
        Self::of(Content::Value(Held::new(value.into())))
    }

    /// Bytes, as they are asked for.
    #[must_use]
    pub fn bytes(pieces: impl Pieces) -> Self {
        Self::of(Content::Bytes(Box::new(pieces)))
    }

    /// Bytes, as they are asked for, 64 KiB at a time.
    #[must_use]
    pub fn read(reader: impl Read + Send + 'static) -> Self {
        Self::bytes(Reading {
            reader,
            buffer: vec![0; 64 << 10].into_boxed_slice(),
        })
    }

    /// A table: record batches, as they are asked for.
    #[cfg(feature = "arrow")]
    #[must_use]
    pub fn table(reader: impl arrow_array::RecordBatchReader + Send + 'static) -> Self {
        Self::of(Content::Table(crate::table::handed_over(reader)))
    }

    /// The exit status: 0 good, 1 the answer is no, others as the help says.
    #[must_use]
    pub fn with_status(self, status: u8) -> Self {
        self.with_status_of(move || status)
    }

    /// The exit status, asked for once all was read.
    #[must_use]
    pub fn with_status_of(mut self, status: impl Fn() -> u8 + Send + 'static) -> Self {
        self.status = Some(Box::new(status));
        self
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self::nothing()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.content {
            Content::Nothing => "Answer::Nothing",
            Content::Value(_) => "Answer::Value",
            Content::Bytes(_) => "Answer::Bytes",
            #[cfg(feature = "arrow")]
            Content::Table(_) => "Answer::Table",
        })
    }
}

struct Reading<R> {
    reader: R,
    buffer: Box<[u8]>,
}

impl<R: Read + Send + 'static> Pieces for Reading<R> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        loop {
            match self.reader.read(&mut self.buffer) {
                Ok(0) => return Ok(None),
                Ok(length) => return Ok(Some(&self.buffer[..length])),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A value with everything that it points to.
pub(crate) struct Held {
    value: Value<'static>,
    /// The elements of lists. They and the datum stay where they are when this moves.
    _elements: Vec<Vec<Value<'static>>>,
    datum: NonNull<Datum>,
}

// SAFETY: all that it points to is its own, and never changes.
unsafe impl Send for Held {}

impl Held {
    fn new(datum: Datum) -> Self {
        let datum = NonNull::from(Box::leak(Box::new(datum)));
        let mut elements = Vec::new();
        // SAFETY: leaked until the end of this value, and never changed.
        let value = value_of(unsafe { datum.as_ref() }, &mut elements);
        Self {
            value,
            _elements: elements,
            datum,
        }
    }

    pub(crate) const fn value(&self) -> &Value<'_> {
        &self.value
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: leaked by `new`, once; nobody reads the value any more.
        drop(unsafe { Box::from_raw(self.datum.as_ptr()) });
    }
}

fn value_of(datum: &'static Datum, kept: &mut Vec<Vec<Value<'static>>>) -> Value<'static> {
    match datum {
        Datum::Null => Value::NULL,
        Datum::Bool(truth) => Value::bool(*truth),
        Datum::I64(number) => Value::i64(*number),
        Datum::U64(number) => Value::u64(*number),
        Datum::F64(number) => Value::f64(*number),
        Datum::Str(text) => Value::str(text),
        Datum::Bytes(bytes) => Value::bytes(bytes),
        Datum::Path(path) => Value::path(path),
        Datum::List(elements) => {
            let values = elements.iter().map(|element| value_of(element, kept));
            let values = values.collect();
            Value::list(keep(kept, values))
        }
        Datum::Map(pairs) => {
            let mut values = Vec::with_capacity(2 * pairs.len());
            for (key, value) in pairs {
                values.push(value_of(key, kept));
                values.push(value_of(value, kept));
            }
            Value::map(keep(kept, values))
        }
    }
}

fn keep(
    kept: &mut Vec<Vec<Value<'static>>>,
    values: Vec<Value<'static>>,
) -> &'static [Value<'static>] {
    // SAFETY: the vector lives as long as the value that points into it, is not changed, and what it holds does not move when
    // it does.
    let forever = unsafe { std::slice::from_raw_parts(values.as_ptr(), values.len()) };
    kept.push(values);
    forever
}

macro_rules! from {
    ($($from:ty => $to:ident($convert:expr)),* $(,)?) => {$(
        impl From<$from> for Datum {
            fn from(value: $from) -> Self {
                Self::$to($convert(value))
            }
        }
    )*};
}

from! {
    bool => Bool(|it| it),
    i32 => I64(i64::from),
    i64 => I64(|it| it),
    u32 => U64(u64::from),
    u64 => U64(|it| it),
    f64 => F64(|it| it),
    String => Str(|it| it),
    &str => Str(str::to_owned),
    Vec<u8> => Bytes(|it| it),
}

impl<T: Into<Self>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
