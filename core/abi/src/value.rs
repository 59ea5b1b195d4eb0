//! Typed arguments: tagged 24-byte values.

use core::fmt;
use core::marker::PhantomData;

use crate::Symbol;

/// What a [`Value`] holds. Unknown numbers are legal in the ABI and read as [`View::Unknown`].
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Nothing.
    Null = 0,
    /// `u` is 0 or 1.
    Bool = 1,
    /// `u` is the two's complement of a signed integer.
    I64 = 2,
    /// `u` is an unsigned integer.
    U64 = 3,
    /// `u` is the bit pattern of an IEEE 754 double.
    F64 = 4,
    /// `ptr`, `len`: text, not promised to be UTF-8, not NUL-terminated.
    Str = 5,
    /// `ptr`, `len`: bytes.
    Bytes = 6,
    /// `ptr`, `len`: a file system path, any bytes but NUL.
    Path = 7,
    /// `ptr`, `len`: a `struct sockaddr` as the kernel has it.
    Addr = 8,
    /// `u` is a file descriptor of the process that raised the event.
    Fd = 9,
    /// `ptr`, `len`: `len` values.
    List = 10,
    /// `ptr`, `len`: `len` values, each key followed by its value; `len` is even.
    Map = 11,
}

impl Tag {
    /// The tag with this ABI number, if this version knows it.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            0 => Self::Null,
            1 => Self::Bool,
            2 => Self::I64,
            3 => Self::U64,
            4 => Self::F64,
            5 => Self::Str,
            6 => Self::Bytes,
            7 => Self::Path,
            8 => Self::Addr,
            9 => Self::Fd,
            10 => Self::List,
            11 => Self::Map,
            _ => return None,
        })
    }

    /// The word that the catalogue, plugins' schemas and messages use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::I64 => "i64",
            Self::U64 => "u64",
            Self::F64 => "f64",
            Self::Str => "str",
            Self::Bytes => "bytes",
            Self::Path => "path",
            Self::Addr => "addr",
            Self::Fd => "fd",
            Self::List => "list",
            Self::Map => "map",
        }
    }
}

/// The value was cut to fit the record.
pub const VALUE_TRUNCATED: u16 = 1;
/// The value is secret: recorded as its length only.
pub const VALUE_SECRET: u16 = 2;

/// One argument: a tag, a name, and a scalar or a borrowed `(pointer, length)`.
///
/// The layout is the ABI's `ah_value`. A value can only be made by the constructors below (or by a
/// reader of foreign memory that keeps their invariant), so reading it is safe:
/// for `Str`, `Bytes`, `Path` and `Addr`, `a` is a pointer to `b` readable bytes that live for `'a`, or `b` is 0;
/// for `List` and `Map`, `a` is a pointer to `b` such values, or `b` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pub(crate) tag: u16,
    pub(crate) flags: u16,
    pub(crate) name: u32,
    pub(crate) a: u64,
    pub(crate) b: u64,
    lifetime: PhantomData<&'a [u8]>,
}

// SAFETY: a value is plain data and shared borrows of plain data; nothing behind the pointer changes while `'a` lasts.
unsafe impl Send for Value<'_> {}
// SAFETY: as above; all access through a shared reference is read-only.
unsafe impl Sync for Value<'_> {}

/// A [`Value`] taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum View<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A double.
    F64(f64),
    /// Text, not promised to be UTF-8.
    Str(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A path.
    Path(&'a [u8]),
    /// A `struct sockaddr`.
    Addr(&'a [u8]),
    /// A file descriptor of the process that raised the event.
    Fd(i32),
    /// Values in order.
    List(&'a [Value<'a>]),
    /// Keys, each followed by its value.
    Map(&'a [Value<'a>]),
    /// A tag of a later version.
    Unknown(u16),
}

impl<'a> Value<'a> {
    /// No value.
    pub const NULL: Self = Self::scalar(Tag::Null, 0);

    const fn scalar(tag: Tag, a: u64) -> Self {
        Self {
            tag: tag as u16,
            flags: 0,
            name: Symbol::NONE.0,
            a,
            b: 0,
            lifetime: PhantomData,
        }
    }

    fn slice<T>(tag: Tag, slice: &'a [T]) -> Self {
        Self {
            tag: tag as u16,
            flags: 0,
            name: Symbol::NONE.0,
            a: slice.as_ptr() as u64,
            b: slice.len() as u64,
            lifetime: PhantomData,
        }
    }

    /// A truth value.
    #[must_use]
    pub const fn bool(value: bool) -> Self {
        Self::scalar(Tag::Bool, value as u64)
    }

    /// A signed integer.
    #[must_use]
    pub const fn i64(value: i64) -> Self {
        Self::scalar(Tag::I64, value.cast_unsigned())
    }

    /// An unsigned integer.
    #[must_use]
    pub const fn u64(value: u64) -> Self {
        Self::scalar(Tag::U64, value)
    }

    /// A double.
    #[must_use]
    pub const fn f64(value: f64) -> Self {
        Self::scalar(Tag::F64, value.to_bits())
    }

    /// A file descriptor.
    #[must_use]
    pub const fn fd(value: i32) -> Self {
        Self::scalar(Tag::Fd, value as u32 as u64)
    }

    /// Text; not necessarily UTF-8.
    #[must_use]
    pub fn str(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::slice(Tag::Str, text.as_ref())
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self::slice(Tag::Bytes, bytes)
    }

    /// A path.
    #[must_use]
    pub fn path(path: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::slice(Tag::Path, path.as_ref())
    }

    /// A `struct sockaddr`.
    #[must_use]
    pub fn addr(sockaddr: &'a [u8]) -> Self {
        Self::slice(Tag::Addr, sockaddr)
    }

    /// Values in order.
    #[must_use]
    pub fn list(values: &'a [Value<'a>]) -> Self {
        Self::slice(Tag::List, values)
    }

    /// Keys, each followed by its value. An odd last key is dropped.
    #[must_use]
    pub fn map(pairs: &'a [Value<'a>]) -> Self {
        Self::slice(Tag::Map, &pairs[..pairs.len() & !1])
    }

    /// The same value under a name.
    #[must_use]
    pub const fn named(mut self, name: Symbol) -> Self {
        self.name = name.0;
        self
    }

    /// The same value with these flags added ([`VALUE_TRUNCATED`], [`VALUE_SECRET`]).
    #[must_use]
    pub const fn flagged(mut self, flags: u16) -> Self {
        self.flags |= flags;
        self
    }

    /// The argument's name, [`Symbol::NONE`] for none.
    #[must_use]
    pub const fn name(&self) -> Symbol {
        Symbol(self.name)
    }

    /// The flags.
    #[must_use]
    pub const fn flags(&self) -> u16 {
        self.flags
    }

    /// The tag's number.
    #[must_use]
    pub const fn tag_number(&self) -> u16 {
        self.tag
    }

    /// The value, taken apart.
    #[must_use]
    #[inline]
    pub fn view(&self) -> View<'a> {
        match Tag::from_number(self.tag) {
            Some(Tag::Null) => View::Null,
            Some(Tag::Bool) => View::Bool(self.a != 0),
            Some(Tag::I64) => View::I64(self.a.cast_signed()),
            Some(Tag::U64) => View::U64(self.a),
            Some(Tag::F64) => View::F64(f64::from_bits(self.a)),
            Some(Tag::Str) => View::Str(self.borrowed()),
            Some(Tag::Bytes) => View::Bytes(self.borrowed()),
            Some(Tag::Path) => View::Path(self.borrowed()),
            Some(Tag::Addr) => View::Addr(self.borrowed()),
            Some(Tag::Fd) => View::Fd((self.a as u32).cast_signed()),
            Some(Tag::List) => View::List(self.borrowed()),
            Some(Tag::Map) => View::Map(self.borrowed()),
            None => View::Unknown(self.tag),
        }
    }

    /// The bytes of a `Str`, `Bytes` or `Path`.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self.view() {
            View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text of a `Str` or `Path` that is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        match self.view() {
            View::Str(bytes) | View::Path(bytes) => core::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The number of a `U64`, or of an `I64` or `Fd` that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.view() {
            View::U64(number) => Some(number),
            View::I64(number) => number.try_into().ok(),
            View::Fd(number) => number.try_into().ok(),
            _ => None,
        }
    }

    /// The number of an `I64`, `Fd`, or of a `U64` that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.view() {
            View::I64(number) => Some(number),
            View::U64(number) => number.try_into().ok(),
            View::Fd(number) => Some(number.into()),
            _ => None,
        }
    }

    fn borrowed<T>(&self) -> &'a [T] {
        let (pointer, length) = (self.a as usize as *const T, self.b as usize);
        if length == 0 || pointer.is_null() {
            return &[];
        }
        // SAFETY: the type's invariant: for this tag, `a` points to `b` values of `T` that are readable and unchanged for `'a`.
        unsafe { core::slice::from_raw_parts(pointer, length) }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.flags == other.flags && self.view() == other.view()
    }
}

const _: () = assert!(size_of::<Value<'_>>() == 24 && align_of::<Value<'_>>() == 8);

macro_rules! value_from {
    ($($from:ty => $make:expr;)*) => {$(
        impl<'a> From<$from> for Value<'a> {
            fn from(value: $from) -> Self {
                ($make)(value)
            }
        }
    )*};
}

value_from! {
    bool => Value::bool;
    i64 => Value::i64;
    i32 => |value: i32| Value::i64(value.into());
    u64 => Value::u64;
    u32 => |value: u32| Value::u64(value.into());
    u16 => |value: u16| Value::u64(value.into());
    u8 => |value: u8| Value::u64(value.into());
    usize => |value: usize| Value::u64(value as u64);
    f64 => Value::f64;
    &'a str => |value: &'a str| Value::str(value);
    &'a [u8] => Value::bytes;
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::str(value.as_bytes())
    }
}
