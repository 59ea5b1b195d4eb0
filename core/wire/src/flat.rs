//! One event as one flat record.
//!
//! A record is little-endian, a multiple of eight bytes long and has no pointers and no offsets: every part says its own
//! size and follows the part before it.
//!
//! ```text
//! header  48 bytes   length:u32 version:u8 source:u8 verdict:u8 would:u8
//!                    time_ns:u64 pid:u32 tid:u32 flags:u32 errno:i32 generation:u32
//!                    event:u32 event_text_len:u16 n_args:u16 n_rules:u8 zero:[u8; 3]
//! rules   n_rules × u32, padded to 8
//! name    event_text_len bytes, padded to 8: the event's name where `event` is not a symbol of the catalogue
//! args    n_args items
//!
//! item    tag:u8 flags:u8 name_len:u16 name:u32, name_len bytes padded to 8, then by tag:
//!           null                    nothing
//!           bool i64 u64 f64 fd     u64
//!           str bytes path addr     len:u32, len bytes, padded to 8
//!           list map                count:u32 size:u32, count items in size bytes
//!         a secret item of any tag: u64, the length or count of what is not recorded
//! ```
//!
//! Items nest to [`MAX_DEPTH`]. Padding is zero.

mod decode;
mod encode;
mod scratch;
#[cfg(test)]
mod tests;

use audithook_abi::{Source, Symbol, Verdict};
use audithook_catalogue::SYMBOL_COUNT;

pub use decode::{Args, Argument, Content, FlatError, Items, Record};
pub use encode::Encoder;
pub use scratch::Scratch;

/// No record is longer, in bytes.
pub const MAX_RECORD: usize = 16 * 1024;

/// No record is shorter, in bytes: a buffer for an [`Encoder`] has at least this size, and should have
/// [`MAX_RECORD`].
pub const MIN_RECORD: usize = HEADER;

/// How deep lists and maps nest: an argument that is a list has depth one.
pub const MAX_DEPTH: usize = 4;

/// The longest name of an event or an argument that is recorded, in bytes; a longer one is cut.
pub const MAX_NAME: usize = 512;

const VERSION: u8 = 1;
const HEADER: usize = 48;
const NO_VERDICT: u8 = u8::MAX;

/// What a record says beside the event's name and arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// CLOCK_MONOTONIC in nanoseconds, when the event was raised.
    pub time_ns: u64,
    /// The process that raised it, as that process says; the supervisor knows better.
    pub pid: u32,
    /// The thread that raised it.
    pub tid: u32,
    /// Who raised it.
    pub source: Source,
    /// `EVENT_…` of the ABI.
    pub flags: u32,
    /// What happened: a policy in `warn` mode allows.
    pub verdict: Verdict,
    /// What would have happened in `enforce` mode, where that differs.
    pub would: Option<Verdict>,
    /// The policy image's generation.
    pub generation: u32,
    /// The `errno` that the caller was given, 0 for none.
    pub errno: i32,
    /// The rules that decided, strongest first.
    pub rules: Rules,
}

impl Meta {
    /// An allowed event with neither time nor thread.
    #[must_use]
    pub const fn new(source: Source) -> Self {
        Self {
            time_ns: 0,
            pid: 0,
            tid: 0,
            source,
            flags: 0,
            verdict: Verdict::Allow,
            would: None,
            generation: 0,
            errno: 0,
            rules: Rules::NONE,
        }
    }
}

/// The numbers of up to eight rules of the policy image.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    numbers: [u32; Self::MAX],
    count: u8,
}

impl Rules {
    /// How many rules a record names.
    pub const MAX: usize = 8;
    /// No rules.
    pub const NONE: Self = Self {
        numbers: [0; Self::MAX],
        count: 0,
    };

    /// The first eight of these numbers.
    #[must_use]
    pub fn new(numbers: &[u32]) -> Self {
        let mut rules = Self::NONE;
        for &number in numbers {
            rules.push(number);
        }
        rules
    }

    /// Adds a number; the ninth and later ones are not kept.
    pub const fn push(&mut self, number: u32) {
        if (self.count as usize) < Self::MAX {
            self.numbers[self.count as usize] = number;
            self.count += 1;
        }
    }

    /// The numbers, in the order in which they were added.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.numbers[..usize::from(self.count).min(Self::MAX)]
    }
}

impl core::fmt::Debug for Rules {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// The name of an event or of an argument, as records carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// A symbol of the catalogue (below [`SYMBOL_COUNT`]): the same in every process.
    Known(Symbol),
    /// The text of any other name; empty for none.
    Text(&'a [u8]),
}

impl<'a> Name<'a> {
    /// No name: what the items of a list have.
    pub const NONE: Self = Self::Text(&[]);

    /// The name's text.
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        match *self {
            Self::Known(symbol) => audithook_catalogue::text(symbol).unwrap_or("").as_bytes(),
            Self::Text(text) => text,
        }
    }

    /// The name of this symbol, as far as the catalogue knows it.
    #[must_use]
    pub const fn of(symbol: Symbol) -> Self {
        if symbol.0 < SYMBOL_COUNT {
            Self::Known(symbol)
        } else {
            Self::NONE
        }
    }
}

/// The next multiple of eight.
const fn padded(length: usize) -> usize {
    (length + 7) & !7
}
