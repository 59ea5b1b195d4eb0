//! Turns the arguments of an audit event into the catalogue's normalised ones.
//!
//! What the objects hold, [`objects`](super::objects) reads. What cannot be read without running the program's code is left
//! out; a gate that needs it refuses (policy, *Meaning* 4), unless libc is about to show it.
//!
//! Here is the choice by operation, and what is taken as the catalogue lists it. Arguments that have to be understood are
//! with their kind: [`files`], [`network`], [`programs`].

mod files;
mod network;
mod programs;

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{EventInfo, Operation, arg, event};

use super::api::{Api, Object};
use super::objects::{Reader, Temporaries};
use crate::address::HostText;
use crate::paths::Resolved;

pub(crate) use files::flag_words;

/// How many elements of a list are shown to rules and records.
const MOST_ELEMENTS: usize = 256;
/// How many arguments an event can have.
const MOST_ARGUMENTS: usize = 12;
/// How many of an event that the catalogue does not know: as many as have names, `0` to `9`.
const MOST_PLACES: usize = 10;

/// Memory for one event. Large: it lives in the pool, not on a thread's stack.
///
/// `'static` in the list stands for "until the event is done": its values borrow from the interpreter's objects.
pub(crate) struct Scratch {
    pub(crate) first: Resolved,
    pub(crate) second: Resolved,
    list: [Value<'static>; MOST_ELEMENTS],
    host: HostText,
}

/// The arguments of one event, borrowed from the interpreter's objects and the scratch memory.
pub(super) struct Arguments<'s> {
    values: [Value<'s>; MOST_ARGUMENTS],
    count: usize,
    /// Whether the event has arguments beyond these.
    pub(super) has_more: bool,
    /// Device and inode of a path that has several names.
    pub(super) inode: Option<(u64, u64)>,
    /// What the hook should do with it.
    pub(super) handling: Handling,
    /// The path or host as it was given, to recognise the libc call that follows.
    pub(super) given: &'s [u8],
    /// The path ended in a symlink, which was followed.
    ended_in_link: bool,
}

/// What becomes of a decoded event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handling {
    /// Judged and recorded here.
    Here,
    /// The hooks are judged and the event recorded here; the lists hold at the libc call that follows, which shows more.
    ListsAtCall,
    /// Not judged here. Either the libc call that follows is: only it shows the directory that a relative path begins at, or the
    /// path at all. Or it names nothing that a policy does: an open of a descriptor, a lookup of nothing.
    Left,
}

impl<'s> Arguments<'s> {
    fn new() -> Self {
        Self {
            values: [Value::NULL; MOST_ARGUMENTS],
            count: 0,
            has_more: false,
            inode: None,
            handling: Handling::Here,
            given: &[],
            ended_in_link: false,
        }
    }

    fn push(&mut self, name: Symbol, value: Value<'s>) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value.named(name);
            self.count += 1;
        }
    }

    /// The values, in the catalogue's order.
    pub(super) fn as_slice(&self) -> &[Value<'s>] {
        &self.values[..self.count]
    }
}

/// Decodes the arguments of one event.
pub(super) struct Decoder<'a, 't> {
    reader: Reader<'a, 't>,
    /// Whether the inode of a path with several names is wanted.
    want_inode: bool,
}

impl<'a, 't> Decoder<'a, 't> {
    /// A decoder of the tuple `tuple`.
    ///
    /// # Safety
    /// `tuple` is the live argument tuple of an audit event, and the thread state is attached while the decoder
    /// and everything that it returns lives.
    pub(super) unsafe fn new(
        api: &'a Api,
        temporaries: &'t mut Temporaries<'a>,
        tuple: *mut Object,
        want_inode: bool,
    ) -> Self {
        Self {
            // SAFETY: passed on to the caller.
            reader: unsafe { Reader::new(api, temporaries, tuple) },
            want_inode,
        }
    }

    /// Whether the arguments borrow from a list or a `bytearray`: the interpreter must be held while they are in use.
    pub(super) fn saw_mutable(&self) -> bool {
        self.reader.saw_mutable()
    }

    /// The normalised arguments of an event of the catalogue.
    pub(super) fn decode<'s>(
        &mut self,
        symbol: Symbol,
        info: &'static EventInfo,
        scratch: &'s mut Scratch,
    ) -> Arguments<'s> {
        match info.operation {
            Operation::Open => self.open(scratch),
            Operation::List => {
                let mut arguments = self.one_path(scratch, true, None);
                if arguments.ended_in_link && files::may_spare_links(symbol) {
                    arguments.handling = Handling::Left;
                }
                self.rest(info, &mut arguments, 1);
                arguments
            }
            Operation::Write => {
                let directory = match symbol {
                    event::OS_CHMOD => Some(2),
                    event::OS_CHOWN | event::OS_UTIME => Some(3),
                    _ => None,
                };
                let mut arguments = self.one_path(scratch, true, directory);
                if arguments.ended_in_link && files::may_spare_links(symbol) {
                    arguments.handling = Handling::Left;
                }
                self.rest(info, &mut arguments, 1);
                arguments
            }
            Operation::Create => {
                let mut arguments = self.one_path(scratch, false, Some(2));
                self.rest(info, &mut arguments, 1);
                arguments
            }
            Operation::Unlink => self.one_path(scratch, false, Some(1)),
            Operation::Rename => self.two_paths(scratch, false),
            Operation::Link => self.two_paths(scratch, true),
            Operation::Symlink => self.symlink(scratch),
            Operation::Database => self.database(scratch),
            Operation::Load => self.load(symbol, scratch),
            Operation::Connect | Operation::Bind => self.endpoint(scratch),
            Operation::Resolve | Operation::Reverse => self.lookup(info),
            Operation::Socket => self.socket(),
            Operation::Exec => self.program(symbol, scratch),
            Operation::Shell => self.shell(scratch),
            Operation::None
            | Operation::Uncovered
            | Operation::Root
            | Operation::Namespace
            | Operation::Limits => self.plain(info, scratch),
        }
    }

    /// The arguments of an event that the catalogue does not know: named by their places.
    pub(super) fn decode_custom<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let mut list = &mut scratch.list[..];
        arguments.has_more = self.reader.count() > MOST_PLACES;
        for place in 0..self.reader.count().min(MOST_PLACES) {
            let (value, rest) = self.reader.any(self.reader.argument(place), list);
            list = rest;
            arguments.push(Symbol(arg::PLACE_0.0 + place as u32), value);
        }
        arguments
    }

    /// The catalogue's arguments by their places.
    fn plain<'s>(&mut self, info: &'static EventInfo, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let mut list = &mut scratch.list[..];
        for (place, argument) in info.args.iter().enumerate() {
            if argument.name == "_" || place >= self.reader.count() {
                continue;
            }
            let item = self.reader.argument(place);
            // `marshal.loads` carries whole modules: their length says enough.
            if argument.name == "length"
                && let Some(bytes) = self.reader.text(item)
            {
                arguments.push(arg::LENGTH, Value::u64(bytes.len() as u64));
                continue;
            }
            let (value, rest) = self.reader.any(item, list);
            list = rest;
            let value = match (argument.kind, value.as_bytes()) {
                ("path", Some(path)) => Value::path(path),
                _ => value,
            };
            if let Some(name) = audithook_catalogue::arg_symbol(argument.name.as_bytes()) {
                arguments.push(name, value);
            }
        }
        arguments
    }

    /// The catalogue's arguments from `place` on, for operations whose path is already there.
    fn rest<'s>(&mut self, info: &'static EventInfo, arguments: &mut Arguments<'s>, place: usize) {
        let named = info
            .args
            .iter()
            .filter(|argument| !matches!(argument.name, "path" | "raw"));
        for (offset, argument) in named.enumerate() {
            let Some(name) = audithook_catalogue::arg_symbol(argument.name.as_bytes()) else {
                continue;
            };
            let item = self.reader.argument(place + offset);
            if argument.kind == "str" {
                if let Some(text) = self.reader.text(item) {
                    arguments.push(name, Value::str(text));
                }
            } else if let Some(number) = self.reader.integer(item) {
                // Some versions tell −1, which leaves the owner as it is, as the largest id.
                let number = match name {
                    arg::UID | arg::GID => i64::from(number as i32),
                    _ => number,
                };
                arguments.push(name, Value::i64(number));
            }
        }
    }
}
