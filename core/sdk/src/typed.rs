//! Events, arguments and answers by type: what [`plugin`](macro@crate::plugin) builds on.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audithook_abi::command::{
    PARAM_BYTES, PARAM_DURATION, PARAM_F64, PARAM_FLAG, PARAM_I64, PARAM_PATH, PARAM_SIZE,
    PARAM_STR, PARAM_U64,
};
use audithook_abi::{Event, Symbol, Value, View};

use crate::{Answer, Call, Datum, Failure, Host, Reply, Result, Verdict};

/// An event with its arguments by name and type: those of the catalogue are in [`events`](crate::events).
pub trait TypedEvent: Sized {
    /// The numbers of the arguments' names.
    type Names: Send + Sync + 'static;

    /// Asks the host for the numbers of the names, once for each attached hook.
    ///
    /// # Errors
    /// The host cannot intern.
    fn names(host: &Host) -> Result<Self::Names>;

    /// Calls `act` with the event by its arguments.
    fn with<R>(event: &Event<'_>, names: &Self::Names, act: impl FnOnce(&Self) -> R) -> R;
}

/// What a gate answers: a verdict with its reason. [`deny!`](crate::deny!) and its kin make one.
#[derive(Debug)]
pub enum Judgement {
    /// Go on.
    Allow,
    /// Go on, and tell.
    Warn(Reason),
    /// Do not.
    Deny(Reason),
    /// End the process.
    Kill(Reason),
}

/// Why: at most 1024 bytes are told.
// In a box, so that a `Judgement` fits into registers.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "one word, not three")]
pub struct Reason(Box<String>);

impl Reason {
    /// These words.
    #[must_use]
    #[cold]
    pub fn new(words: String) -> Self {
        Self(Box::new(words))
    }
}

impl Judgement {
    /// The verdict, with the reason said.
    #[inline]
    pub(crate) fn said(self, reply: &mut Reply<'_>) -> Verdict {
        let (verdict, reason) = match self {
            Self::Allow => return Verdict::Allow,
            Self::Warn(reason) => (Verdict::Warn, reason),
            Self::Deny(reason) => (Verdict::Deny, reason),
            Self::Kill(reason) => (Verdict::Kill, reason),
        };
        reply.reason(reason.0);
        verdict
    }
}

/// What the function of a gate may return.
pub trait Judged {
    /// The verdict, with the reason said.
    ///
    /// # Errors
    /// It could not judge.
    fn said(self, reply: &mut Reply<'_>) -> Result<Verdict>;
}

impl Judged for Judgement {
    #[inline]
    fn said(self, reply: &mut Reply<'_>) -> Result<Verdict> {
        Ok(Self::said(self, reply))
    }
}

impl Judged for Verdict {
    #[inline]
    fn said(self, _: &mut Reply<'_>) -> Result<Verdict> {
        Ok(self)
    }
}

impl<T: Judged> Judged for Result<T> {
    #[inline]
    fn said(self, reply: &mut Reply<'_>) -> Result<Verdict> {
        self.and_then(|judged| judged.said(reply))
    }
}

/// [`Judgement::Warn`] with a reason, as `format!` takes it.
#[macro_export]
macro_rules! warn {
    ($($words:tt)+) => {
        $crate::Judgement::Warn($crate::Reason::new(::std::format!($($words)+)))
    };
}

/// [`Judgement::Deny`] with a reason, as `format!` takes it.
#[macro_export]
macro_rules! deny {
    ($($words:tt)+) => {
        $crate::Judgement::Deny($crate::Reason::new(::std::format!($($words)+)))
    };
}

/// [`Judgement::Kill`] with a reason, as `format!` takes it.
#[macro_export]
macro_rules! kill {
    ($($words:tt)+) => {
        $crate::Judgement::Kill($crate::Reason::new(::std::format!($($words)+)))
    };
}

/// A type that a command can take as an argument.
pub trait FromArgument: Sized {
    /// What the parameter takes: a number of the ABI.
    #[doc(hidden)]
    const KIND: u32;
    /// It need not be given.
    #[doc(hidden)]
    const OPTIONAL: bool = false;
    /// It may be given several times.
    #[doc(hidden)]
    const REPEATED: bool = false;

    /// Reads the value.
    ///
    /// # Errors
    /// It does not fit the type.
    fn of(value: &Value<'_>) -> Result<Self>;

    /// Reads the argument at this place.
    ///
    /// # Errors
    /// It does not fit the type.
    fn read(call: &Call<'_>, place: usize) -> Result<Self> {
        Self::of(&call.argument(place))
    }
}

/// A number of bytes, typed as `4096`, `64KiB`, `1.5MB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

fn unfit() -> Failure {
    Failure::bad_argument("the host gave an argument of another type")
}

macro_rules! arguments {
    ($($ty:ty = $kind:ident($view:pat => $value:expr)),* $(,)?) => {$(
        impl FromArgument for $ty {
            const KIND: u32 = $kind;
            fn of(value: &Value<'_>) -> Result<Self> {
                match value.view() {
                    $view => $value,
                    _ => Err(unfit()),
                }
            }
        }
    )*};
}

arguments! {
    String = PARAM_STR(View::Str(bytes) => String::from_utf8(bytes.to_vec()).map_err(|_| unfit())),
    OsString = PARAM_BYTES(View::Bytes(bytes) => Ok(OsStr::from_bytes(bytes).to_owned())),
    PathBuf = PARAM_PATH(View::Path(bytes) => Ok(OsStr::from_bytes(bytes).into())),
    i64 = PARAM_I64(View::I64(number) => Ok(number)),
    u64 = PARAM_U64(View::U64(number) => Ok(number)),
    u32 = PARAM_U64(View::U64(number) => in_range(number)),
    u16 = PARAM_U64(View::U64(number) => in_range(number)),
    usize = PARAM_U64(View::U64(number) => in_range(number)),
    f64 = PARAM_F64(View::F64(number) => Ok(number)),
    Size = PARAM_SIZE(View::U64(number) => Ok(Self(number))),
    Duration = PARAM_DURATION(View::U64(nanoseconds) => Ok(Self::from_nanos(nanoseconds))),
}

fn in_range<T: TryFrom<u64>>(number: u64) -> Result<T> {
    T::try_from(number).map_err(|_| Failure::bad_argument(format!("{number} is too large")))
}

impl FromArgument for bool {
    const KIND: u32 = PARAM_FLAG;
    const OPTIONAL: bool = true;

    fn of(value: &Value<'_>) -> Result<Self> {
        Ok(matches!(value.view(), View::Bool(true)))
    }
}

impl<T: FromArgument> FromArgument for Option<T> {
    const KIND: u32 = T::KIND;
    const OPTIONAL: bool = true;

    fn of(value: &Value<'_>) -> Result<Self> {
        match value.view() {
            View::Null => Ok(None),
            _ => T::of(value).map(Some),
        }
    }
}

impl<T: FromArgument> FromArgument for Vec<T> {
    const KIND: u32 = T::KIND;
    const OPTIONAL: bool = true;
    const REPEATED: bool = true;

    fn of(value: &Value<'_>) -> Result<Self> {
        match value.view() {
            View::List(values) => values.iter().map(T::of).collect(),
            View::Null => Ok(Self::new()),
            _ => Err(unfit()),
        }
    }
}

/// What the function of a command may return.
pub trait IntoAnswer {
    /// The answer.
    ///
    /// # Errors
    /// The command failed.
    fn into_answer(self) -> Result<Answer>;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Result<Answer> {
        Ok(self)
    }
}

impl IntoAnswer for () {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::nothing())
    }
}

impl<T: IntoAnswer> IntoAnswer for Result<T> {
    fn into_answer(self) -> Result<Answer> {
        self.and_then(T::into_answer)
    }
}

impl IntoAnswer for Datum {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::value(self))
    }
}

macro_rules! values {
    ($($ty:ty),* $(,)?) => {$(
        impl IntoAnswer for $ty {
            fn into_answer(self) -> Result<Answer> {
                Ok(Answer::value(self))
            }
        }
    )*};
}

values!(bool, i32, i64, u32, u64, f64, String);

impl<T: Into<Datum>> IntoAnswer for Vec<T> {
    fn into_answer(self) -> Result<Answer> {
        Ok(Answer::value(Datum::List(
            self.into_iter().map(Into::into).collect(),
        )))
    }
}

/// Declares events by type: see [`events`](crate::events).
macro_rules! typed_events {
    ($($(#[$doc:meta])* $event:ident { $($accessor:ident: $kind:ident = $place:literal $name:literal),* $(,)? } [$count:literal])*) => {$(
        $(#[$doc])*
        pub struct $event {
            event: ::std::ptr::NonNull<$crate::Event<'static>>,
            names: ::std::ptr::NonNull<[$crate::Symbol; $count]>,
        }

        impl $crate::TypedEvent for $event {
            type Names = [$crate::Symbol; $count];

            fn names(host: &$crate::Host) -> $crate::Result<Self::Names> {
                // The type where there are none.
                let _ = &host;
                Ok([$(host.intern($name)?),*])
            }

            #[inline]
            fn with<R>(
                event: &$crate::Event<'_>,
                names: &Self::Names,
                act: impl FnOnce(&Self) -> R,
            ) -> R {
                act(&Self {
                    event: ::std::ptr::NonNull::from(event).cast(),
                    names: names.into(),
                })
            }
        }

        impl ::std::fmt::Debug for $event {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($event))
                    .field("event", self.event())
                    .field("names", self.names())
                    .finish()
            }
        }

        impl $event {
            /// The event as the host gave it: process, thread, time, source.
            #[must_use]
            pub const fn event(&self) -> &$crate::Event<'_> {
                // SAFETY: made by `with` alone, of a borrow that outlives what it lends; there is no clone.
                unsafe { self.event.as_ref() }
            }

            const fn names(&self) -> &[$crate::Symbol; $count] {
                // SAFETY: as in `event`.
                unsafe { self.names.as_ref() }
            }

            $(typed_events!(@accessor $accessor $kind $place $name);)*
        }
    )*};
    (@accessor $accessor:ident $kind:ident $place:literal $name:literal) => {
        #[doc = concat!("`", $name, "`, if the event has it.")]
        #[must_use]
        #[inline]
        pub fn $accessor(&self) -> typed_events!(@type $kind) {
            $crate::typed::$kind(self.event(), self.names()[$place])
        }
    };
    (@type str) => { Option<&str> };
    (@type bytes) => { Option<&[u8]> };
    (@type path) => { Option<&::std::path::Path> };
    (@type u64) => { Option<u64> };
    (@type i64) => { Option<i64> };
    (@type f64) => { Option<f64> };
    (@type bool) => { Option<bool> };
    (@type value) => { Option<&$crate::Value<'_>> };
}
pub(crate) use typed_events;

pub(crate) fn str<'e>(event: &'e Event<'_>, name: Symbol) -> Option<&'e str> {
    event.str(name)
}

pub(crate) fn bytes<'e>(event: &'e Event<'_>, name: Symbol) -> Option<&'e [u8]> {
    event.bytes(name)
}

pub(crate) fn path<'e>(event: &'e Event<'_>, name: Symbol) -> Option<&'e Path> {
    event
        .bytes(name)
        .map(|path| Path::new(OsStr::from_bytes(path)))
}

#[inline]
pub(crate) fn u64(event: &Event<'_>, name: Symbol) -> Option<u64> {
    event.u64(name)
}

#[inline]
pub(crate) fn i64(event: &Event<'_>, name: Symbol) -> Option<i64> {
    event.i64(name)
}

pub(crate) fn f64(event: &Event<'_>, name: Symbol) -> Option<f64> {
    match event.arg(name)?.view() {
        View::F64(number) => Some(number),
        _ => None,
    }
}

pub(crate) fn bool(event: &Event<'_>, name: Symbol) -> Option<bool> {
    match event.arg(name)?.view() {
        View::Bool(truth) => Some(truth),
        _ => None,
    }
}

pub(crate) fn value<'e>(event: &'e Event<'_>, name: Symbol) -> Option<&'e Value<'e>> {
    event.arg(name)
}

/// The JSON Schema of a type, for the descriptor.
#[must_use]
pub fn schema_of<T: schemars::JsonSchema>() -> String {
    schemars::schema_for!(T).to_value().to_string()
}
