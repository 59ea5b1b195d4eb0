//! The catalogue of events: names, typed arguments, sources, and what each operation means.
//!
//! One table ([`EVENTS`], made from `data/events.tsv` by `cargo xtask gen`) serves the decoder in the target, the
//! policy's validation, `audithook events` and the documentation. A name's number ([`Symbol`]) is its place in
//! [`SYMBOLS`], the same in every process that was built from the same table: records carry numbers, not names.
//!
//! The vocabulary is that of PEP 578; names that CPython spells in another way than its documentation stand as the
//! interpreter raises them.

mod table;

pub use audithook_abi::Symbol;
pub use table::{DETAILS, EVENTS, SYMBOLS, arg, event};

/// One event of the catalogue: there are no others of this type.
#[derive(Debug)]
#[non_exhaustive]
pub struct EventInfo {
    /// The name, as raised.
    pub name: &'static str,
    /// What the operation does to the world; what `[files]`, `[network]` and `[process]` judge.
    pub operation: Operation,
    /// The normalised arguments, in order.
    pub args: &'static [ArgInfo],
    /// Whether `@default` in `[journal] events` names it.
    pub journalled: Journalled,
}

/// What people want to know of an event. Apart from [`EventInfo`], so that a process that only judges does not carry it:
/// the preload library is in every program of a run.
#[derive(Debug)]
pub struct EventDetails {
    /// `app`, `cpython`, `libc`, `kernel`.
    pub sources: &'static [&'static str],
    /// The first CPython that raises it, empty where it is not CPython's.
    pub first: &'static str,
    /// The last CPython that raises it.
    pub last: &'static str,
    /// `all` or the only platform.
    pub platform: &'static str,
    /// The page of CPython's documentation.
    pub doc: &'static str,
    /// What to know.
    pub notes: &'static str,
}

/// One argument of an event.
#[derive(Debug)]
pub struct ArgInfo {
    /// The name; `_` for one that is not decoded.
    pub name: &'static str,
    /// A word of [`audithook_abi::Tag`], or `any`.
    pub kind: &'static str,
}

/// Whether an event is journalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journalled {
    /// Only when the policy names it.
    WhenNamed,
    /// Part of `@default`.
    Default,
    /// Whatever the policy says.
    Always,
}

/// What an operation does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Nothing that a list of the policy names.
    None,
    /// `path` is opened as `flags` say; a last symlink is followed unless they say `nofollow`.
    Open,
    /// `path` is listed, or its attributes are read: a read.
    List,
    /// `path` is changed in place (mode, owner, times, length, attributes): a write.
    Write,
    /// `path` comes into being; a last symlink is not followed: a write.
    Create,
    /// `path` is removed; a last symlink is not followed: a write.
    Unlink,
    /// `src` and `dst` are written; last symlinks are not followed.
    Rename,
    /// `dst` becomes another name of `src`: both are written.
    Link,
    /// `path` becomes a symlink to `target`: a write of `path` alone.
    Symlink,
    /// `path` is opened for reading and writing by SQLite, unless it is empty or `:memory:`.
    Database,
    /// `path`, if there is one, is mapped as code: a read.
    Load,
    /// A socket connects or sends to `host` and `port`, or to the unix socket `path`.
    Connect,
    /// A socket binds to `host` and `port`, or to the unix socket `path`.
    Bind,
    /// `host` is looked up.
    Resolve,
    /// The name of `host`, an address, is asked for; a name is looked up first.
    Reverse,
    /// A socket of `family` and `kind` is made.
    Socket,
    /// The program `path` is executed with `args`.
    Exec,
    /// `path`, the shell, is executed for the line `command`.
    Shell,
    /// A program that the Python hook cannot follow is executed.
    Uncovered,
    /// Paths come to name other files than before: the process takes another root, or something is mounted.
    Root,
    /// The process, or a child that it makes, enters `namespaces`: in another of mounts, users or processes paths may come to
    /// name other files, in another network addresses other hosts.
    Namespace,
    /// The process `pid`, which is another, is given other limits: it may come to have no room for the library.
    Limits,
}

impl EventInfo {
    /// What people want to know of it.
    ///
    /// # Panics
    /// Never: every event of the catalogue has its details there.
    #[must_use]
    pub fn details(&self) -> &'static EventDetails {
        match find(self.name) {
            Some((Symbol(place), _)) => &DETAILS[place as usize],
            None => unreachable!("`{}` is of the catalogue", self.name),
        }
    }
}

/// How many symbols the catalogue has. Symbols from here on belong to the process that interned them.
pub const SYMBOL_COUNT: u32 = SYMBOLS.len() as u32;

/// How many events the catalogue has: symbols below this name events.
pub const EVENT_COUNT: u32 = EVENTS.len() as u32;

/// The event of this name.
#[must_use]
pub fn find(name: &str) -> Option<(Symbol, &'static EventInfo)> {
    find_bytes(name.as_bytes())
}

/// The event of this name, which need not be UTF-8.
#[must_use]
pub fn find_bytes(name: &[u8]) -> Option<(Symbol, &'static EventInfo)> {
    let place = EVENTS
        .binary_search_by(|event| event.name.as_bytes().cmp(name))
        .ok()?;
    Some((Symbol(place as u32), &EVENTS[place]))
}

/// The event with this number.
#[must_use]
pub fn info(event: Symbol) -> Option<&'static EventInfo> {
    EVENTS.get(event.0 as usize)
}

/// The text of a symbol of the catalogue.
#[must_use]
pub fn text(symbol: Symbol) -> Option<&'static str> {
    SYMBOLS.get(symbol.0 as usize).copied()
}

/// The symbol of an argument's name.
#[must_use]
pub fn arg_symbol(name: &[u8]) -> Option<Symbol> {
    let names = &SYMBOLS[EVENTS.len()..];
    let place = names
        .binary_search_by(|text| text.as_bytes().cmp(name))
        .ok()?;
    Some(Symbol((EVENTS.len() + place) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_found_by_its_name_and_number() {
        for (number, event) in EVENTS.iter().enumerate() {
            let (symbol, found) = find(event.name).expect(event.name);
            assert_eq!(symbol, Symbol(number as u32));
            assert_eq!(found.name, event.name);
            assert_eq!(text(symbol), Some(event.name));
            assert!(!event.details().sources.is_empty());
        }
        assert!(find("no.such.event").is_none());
    }

    #[test]
    fn every_argument_has_a_symbol_and_a_known_kind() {
        let kinds = [
            "any", "null", "bool", "i64", "u64", "f64", "str", "bytes", "path", "addr", "fd",
            "list", "map",
        ];
        for event in &EVENTS {
            for argument in event.args {
                assert!(
                    kinds.contains(&argument.kind),
                    "{}: {}",
                    event.name,
                    argument.kind
                );
                let symbol = arg_symbol(argument.name.as_bytes()).expect(argument.name);
                assert_eq!(text(symbol), Some(argument.name));
            }
        }
    }
}
