//! From Rust values to arguments, and from arguments to what a hook wants to know.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use audithook_abi::{Event, Symbol, VALUE_SECRET, Value, View};

use crate::symbol;

/// What can be an argument of an event.
pub trait ToValue {
    /// The value, without a name.
    fn to_value(&self) -> Value<'_>;
}

macro_rules! to_value {
    ($($type:ty: |$value:ident| $make:expr;)*) => {$(
        impl ToValue for $type {
            #[inline]
            fn to_value(&self) -> Value<'_> {
                let $value = self;
                $make
            }
        }
    )*};
}

to_value! {
    bool: |value| Value::bool(*value);
    i8: |value| Value::i64(i64::from(*value));
    i16: |value| Value::i64(i64::from(*value));
    i32: |value| Value::i64(i64::from(*value));
    i64: |value| Value::i64(*value);
    isize: |value| Value::i64(*value as i64);
    u8: |value| Value::u64(u64::from(*value));
    u16: |value| Value::u64(u64::from(*value));
    u32: |value| Value::u64(u64::from(*value));
    u64: |value| Value::u64(*value);
    usize: |value| Value::u64(*value as u64);
    f32: |value| Value::f64(f64::from(*value));
    f64: |value| Value::f64(*value);
    str: |value| Value::str(value);
    String: |value| Value::str(value);
    CStr: |value| Value::str(value.to_bytes());
    CString: |value| Value::str(value.as_bytes());
    OsStr: |value| Value::str(value.as_bytes());
    OsString: |value| Value::str(value.as_bytes());
    Path: |value| Value::path(value.as_os_str().as_bytes());
    PathBuf: |value| Value::path(value.as_os_str().as_bytes());
    [u8]: |value| Value::bytes(value);
    Vec<u8>: |value| Value::bytes(value);
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value<'_> {
        Value::bytes(self)
    }
}

impl ToValue for Value<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        *self
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        T::to_value(self)
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::NULL, T::to_value)
    }
}

impl<T: ToValue + ?Sized> ToValue for Box<T> {
    fn to_value(&self) -> Value<'_> {
        T::to_value(self)
    }
}

/// Reading an event by the names of its arguments.
pub trait EventExt<'a> {
    /// The event's name.
    fn name(&self) -> &'static str;

    /// The argument of this name. For a handful of arguments as fast as by [`Symbol`].
    fn get(&self, name: &str) -> Option<&'a Value<'a>>;

    /// The argument of this name, if it is text in UTF-8.
    fn get_str(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.get(name)?.as_bytes()?).ok()
    }

    /// The argument of this name, if it is an integer and not negative.
    fn get_u64(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    /// The argument of this name, if it is an integer that fits.
    fn get_i64(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// The argument of this name, if it is a double or an integer.
    fn get_f64(&self, name: &str) -> Option<f64> {
        match self.get(name)?.view() {
            View::F64(number) => Some(number),
            View::U64(number) => Some(number as f64),
            View::I64(number) => Some(number as f64),
            _ => None,
        }
    }

    /// The arguments as text: `id=5 total=9.5`. Control characters are escaped, secrets are told by their length only.
    fn arguments(&self) -> Arguments<'a>;
}

impl<'a> EventExt<'a> for Event<'a> {
    fn name(&self) -> &'static str {
        symbol::text(self.id).unwrap_or("?")
    }

    fn get(&self, name: &str) -> Option<&'a Value<'a>> {
        self.args()
            .iter()
            .find(|value| symbol::text(value.name()) == Some(name))
    }

    fn arguments(&self) -> Arguments<'a> {
        Arguments(self.args())
    }
}

/// Arguments as text, by [`EventExt::arguments`].
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a>(&'a [Value<'a>]);

impl fmt::Display for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, value) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            if value.name() != Symbol::NONE {
                write!(f, "{}=", symbol::text(value.name()).unwrap_or("?"))?;
            }
            write_value(f, value)?;
        }
        Ok(())
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Value<'_>) -> fmt::Result {
    if value.flags() & VALUE_SECRET != 0 {
        let length = value.as_bytes().map_or(0, <[u8]>::len);
        return write!(f, "(secret, {length} bytes)");
    }
    match value.view() {
        View::Bool(value) => write!(f, "{value}"),
        View::I64(value) => write!(f, "{value}"),
        View::U64(value) => write!(f, "{value}"),
        View::F64(value) => write!(f, "{value:?}"),
        View::Str(text) | View::Path(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
        View::Bytes(bytes) | View::Addr(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
        View::Fd(fd) => write!(f, "fd:{fd}"),
        View::List(values) => write_list(f, "[", values, "]"),
        View::Map(values) => write_list(f, "{", values, "}"),
        _ => f.write_str("null"),
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    values: &[Value<'_>],
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    for (place, value) in values.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        f.write_str(comma)?;
        write_value(f, value)?;
    }
    f.write_str(close)
}
