//! `emit!`, and what it leaves behind in a program: a static with a gate.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use audithook_abi::{Event, Symbol, Value};

use crate::bus::{Bus, LISTENED, NEVER, UNKNOWN};
use crate::decision::{Allowed, Answer, Denied};
use crate::operation::Operation;
use crate::symbol;

/// A place in a program that raises an event. Made by [`crate::emit!`] and its kin.
#[derive(Debug)]
pub struct Callsite {
    gate: AtomicU8,
    id: AtomicU32,
    name: &'static str,
    args: &'static [ArgName],
}

/// The name of an argument at a [`Callsite`].
#[derive(Debug)]
pub struct ArgName {
    text: &'static str,
    symbol: AtomicU32,
}

impl ArgName {
    /// A name as `stringify!` gives it: of an identifier, perhaps a raw one, or of a string literal.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        let text = match text.as_bytes() {
            [b'r', b'#', ..] => text.split_at(2).1,
            [b'"', .., b'"'] => text.split_at(text.len() - 1).0.split_at(1).1,
            _ => text,
        };
        Self {
            text,
            symbol: AtomicU32::new(Symbol::NONE.0),
        }
    }

    /// The number of the name, once [`Callsite::id`] of its callsite was asked for.
    #[inline]
    #[must_use]
    pub fn symbol(&self) -> Symbol {
        Symbol(self.symbol.load(Ordering::Relaxed))
    }
}

impl Callsite {
    /// A callsite that nobody passed yet.
    #[must_use]
    pub const fn new(name: &'static str, args: &'static [ArgName]) -> Self {
        Self {
            gate: AtomicU8::new(UNKNOWN),
            id: AtomicU32::new(Symbol::NONE.0),
            name,
            args,
        }
    }

    /// Whether anybody on the global bus listens: one relaxed load.
    #[inline]
    #[must_use]
    pub fn is_listened(&'static self) -> bool {
        match self.gate.load(Ordering::Relaxed) {
            NEVER => false,
            LISTENED => true,
            _ => self.register(),
        }
    }

    /// Whether anybody on this bus listens.
    #[inline]
    #[must_use]
    pub fn is_listened_on(&'static self, bus: &Bus) -> bool {
        bus.listens(self.id())
    }

    /// Raises the event with these arguments.
    ///
    /// # Errors
    /// What the gates refuse.
    #[inline]
    pub fn raise(&'static self, bus: &Bus, values: &[Value<'_>]) -> Answer {
        bus.raise_listened(&Event::new(self.id(), values))
    }

    /// Begins an operation with these arguments.
    ///
    /// # Errors
    /// What the gates refuse.
    #[inline]
    pub fn guard(&'static self, bus: &Bus, values: &[Value<'_>]) -> Result<Operation, Denied> {
        bus.guard(&Event::new(self.id(), values))
    }

    /// What `emit!` gives when nobody listens.
    #[inline]
    #[must_use]
    pub fn unheard() -> Allowed {
        Allowed(None)
    }

    /// The number of the event's name.
    #[inline]
    #[must_use]
    pub fn id(&self) -> Symbol {
        match self.id.load(Ordering::Acquire) {
            id if id == Symbol::NONE.0 => self.intern(),
            id => Symbol(id),
        }
    }

    pub(crate) fn is_new(&self) -> bool {
        self.gate.load(Ordering::Relaxed) == UNKNOWN
    }

    pub(crate) fn set_gate(&self, listened: bool) {
        self.gate
            .store(if listened { LISTENED } else { NEVER }, Ordering::Release);
    }

    #[cold]
    fn register(&'static self) -> bool {
        // The names first: the book wants the event's number.
        let _interned = self.id();
        Bus::global().inner().register(self);
        self.gate.load(Ordering::Relaxed) == LISTENED
    }

    /// Interns the names: the arguments' before the event's, which tells that all are there.
    #[cold]
    fn intern(&self) -> Symbol {
        for name in self.args {
            name.symbol
                .store(symbol::intern(name.text).0, Ordering::Relaxed);
        }
        let id = symbol::intern(self.name);
        self.id.store(id.0, Ordering::Release);
        id
    }
}

/// Raises an event on the global bus: `emit!("order.created", id = 5u64, total = 9.5)?`.
///
/// Gives an [`Answer`]: `?` refuses what the gates refuse, with an error that names the event, the rule and the reason.
/// While nobody listens it costs one relaxed load, and the arguments are not evaluated.
///
/// An argument is `name = value` for what is [`crate::ToValue`], `name = %value` for its `Display`, `name = ?value` for its
/// `Debug`, or just `name` for a variable of that name. A name that is no identifier is written as a string.
#[macro_export]
macro_rules! emit {
    ($name:literal $(, $($args:tt)*)?) => {
        $crate::__callsite!(
            { $name }
            |callsite| callsite.is_listened(),
            |callsite, values| callsite.raise($crate::Bus::global(), values),
            ::core::result::Result::<_, $crate::Denied>::Ok($crate::Callsite::unheard());
            [0] [] [] $($($args)*)?
        )
    };
}

/// As [`emit!`], on a bus of one's own: `emit_on!(bus, "order.created", id = 5u64)?`.
#[macro_export]
macro_rules! emit_on {
    ($bus:expr, $name:literal $(, $($args:tt)*)?) => {
        match &$bus {
            bus => $crate::__callsite!(
                { $name }
                |callsite| callsite.is_listened_on(bus),
                |callsite, values| callsite.raise(bus, values),
                ::core::result::Result::<_, $crate::Denied>::Ok($crate::Callsite::unheard());
                [0] [] [] $($($args)*)?
            ),
        }
    };
}

/// Begins an operation on the global bus: `let operation = guard!("order.ship", id = 5u64)?; …; operation.finish(0);`.
///
/// The gates run now, the afters when the [`Operation`] ends. Arguments as in [`emit!`].
#[macro_export]
macro_rules! guard {
    ($name:literal $(, $($args:tt)*)?) => {
        $crate::__callsite!(
            { $name }
            |callsite| callsite.is_listened(),
            |callsite, values| callsite.guard($crate::Bus::global(), values),
            ::core::result::Result::<_, $crate::Denied>::Ok($crate::Operation::default());
            [0] [] [] $($($args)*)?
        )
    };
}

/// As [`guard!`], on a bus of one's own.
#[macro_export]
macro_rules! guard_on {
    ($bus:expr, $name:literal $(, $($args:tt)*)?) => {
        match &$bus {
            bus => $crate::__callsite!(
                { $name }
                |callsite| callsite.is_listened_on(bus),
                |callsite, values| callsite.guard(bus, values),
                ::core::result::Result::<_, $crate::Denied>::Ok($crate::Operation::default());
                [0] [] [] $($($args)*)?
            ),
        }
    };
}

/// Takes arguments apart, one at a time, into names and values, each with its place; then writes the callsite.
///
/// A value gets its name where it is made: to name it later would read what was just written in other pieces.
#[doc(hidden)]
#[macro_export]
macro_rules! __callsite {
    ($head:tt |$a:ident| $listened:expr, |$b:ident, $v:ident| $raise:expr, $unheard:expr; [$($i:tt)*] [$($n:tt)*] [$($e:tt)*] $key:tt = %$value:expr $(, $($rest:tt)*)?) => {
        $crate::__callsite!($head |$a| $listened, |$b, $v| $raise, $unheard; [$($i)* + 1] [$($n)* $key] [$($e)* { [$($i)*] ::std::format!("{}", $value) }] $($($rest)*)?)
    };
    ($head:tt |$a:ident| $listened:expr, |$b:ident, $v:ident| $raise:expr, $unheard:expr; [$($i:tt)*] [$($n:tt)*] [$($e:tt)*] $key:tt = ?$value:expr $(, $($rest:tt)*)?) => {
        $crate::__callsite!($head |$a| $listened, |$b, $v| $raise, $unheard; [$($i)* + 1] [$($n)* $key] [$($e)* { [$($i)*] ::std::format!("{:?}", $value) }] $($($rest)*)?)
    };
    ($head:tt |$a:ident| $listened:expr, |$b:ident, $v:ident| $raise:expr, $unheard:expr; [$($i:tt)*] [$($n:tt)*] [$($e:tt)*] $key:tt = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__callsite!($head |$a| $listened, |$b, $v| $raise, $unheard; [$($i)* + 1] [$($n)* $key] [$($e)* { [$($i)*] $value }] $($($rest)*)?)
    };
    ($head:tt |$a:ident| $listened:expr, |$b:ident, $v:ident| $raise:expr, $unheard:expr; [$($i:tt)*] [$($n:tt)*] [$($e:tt)*] $key:ident $(, $($rest:tt)*)?) => {
        $crate::__callsite!($head |$a| $listened, |$b, $v| $raise, $unheard; [$($i)* + 1] [$($n)* $key] [$($e)* { [$($i)*] $key }] $($($rest)*)?)
    };
    ({ $name:literal } |$a:ident| $listened:expr, |$b:ident, $v:ident| $raise:expr, $unheard:expr; [$($i:tt)*] [$($n:tt)*] [$({ [$($at:tt)*] $value:expr })*]) => {{
        static ARGS: [$crate::ArgName; $($i)*] = [$($crate::ArgName::new(::core::stringify!($n))),*];
        static CALLSITE: $crate::Callsite = $crate::Callsite::new($name, &ARGS);
        let $a = &CALLSITE;
        if $listened {
            let $b = &CALLSITE;
            let _interned = CALLSITE.id();
            // One match, so that what the values borrow lives until the event has been raised.
            match [$($crate::ToValue::to_value(&$value).named(ARGS[$($at)*].symbol())),*] {
                values => {
                    let $v = &values;
                    $raise
                }
            }
        } else {
            $unheard
        }
    }};
}
