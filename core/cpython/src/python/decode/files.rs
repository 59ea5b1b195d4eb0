//! Operations on files: what paths they name, from which directory, with what intent.

use core::ffi::c_int;

use audithook_abi::{Symbol, Value};
use audithook_catalogue::{arg, event};

use super::{Arguments, Decoder, Handling, Scratch};
use crate::address;
use crate::paths::{Base, Resolved, Unresolved};
use crate::python::api::Kind;
use crate::python::objects::Item;

/// A path argument, before it is resolved.
pub(super) enum Given<'s> {
    Text(&'s [u8]),
    Descriptor(c_int),
    Nothing,
    Unreadable,
}

impl Decoder<'_, '_> {
    /// `path, mode, flags`: the intent stands in either of the last two.
    pub(super) fn open<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch { first, list, .. } = scratch;
        let mode = self.reader.text(self.reader.argument(1));
        let bits = self.reader.integer(self.reader.argument(2)).unwrap_or(0) as c_int;
        let mut arguments = Arguments::new();
        let given = self.given(self.reader.argument(0));
        // `os.open` alone leaves out the mode, and it does not tell of its `dir_fd`.
        if mode.is_none() && matches!(given, Given::Text(path) if !path.starts_with(b"/")) {
            arguments.handling = Handling::Left;
        }
        match given {
            // An open file gets a Python object: nothing is opened.
            Given::Descriptor(_) => arguments.handling = Handling::Left,
            Given::Nothing | Given::Unreadable => arguments.handling = Handling::Left,
            Given::Text(_) => {
                let follow = bits & libc::O_NOFOLLOW == 0;
                self.resolve(&mut arguments, first, given, Base::Cwd, follow);
            }
        }
        let count = flag_words(mode.unwrap_or(b""), bits, list);
        arguments.push(arg::FLAGS, Value::list(&list[..count]));
        arguments
    }

    pub(super) fn one_path<'s>(
        &mut self,
        scratch: &'s mut Scratch,
        follow: bool,
        directory: Option<usize>,
    ) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let base = self.base(directory);
        let given = match self.given(self.reader.argument(0)) {
            // `os.listdir()`, `os.scandir()`: here.
            Given::Nothing => Given::Text(b"."),
            given => given,
        };
        self.resolve(&mut arguments, &mut scratch.first, given, base, follow);
        arguments
    }

    pub(super) fn two_paths<'s>(
        &mut self,
        scratch: &'s mut Scratch,
        is_link: bool,
    ) -> Arguments<'s> {
        let Scratch { first, second, .. } = scratch;
        let mut arguments = Arguments::new();
        let (source, target) = (
            self.given(self.reader.argument(0)),
            self.given(self.reader.argument(1)),
        );
        let (from, to) = (self.base(Some(2)), self.base(Some(3)));
        if is_link
            && resolve_one(first, &source, from, true, false).is_some_and(|path| path.ended_in_link)
        {
            // A link to the symlink, or to what it names: `follow_symlinks` is not among the arguments.
            arguments.handling = Handling::Left;
            return arguments;
        }
        match resolve_into(first, &source, from, false, self.want_inode) {
            Ok(()) => {
                arguments.push(arg::SRC, Value::path(first.as_bytes()));
                arguments.inode = first.inode;
            }
            Err(Unresolved::Futile) => arguments.handling = Handling::Left,
            Err(_) => {}
        }
        match resolve_into(second, &target, to, false, false) {
            Ok(()) => arguments.push(arg::DST, Value::path(second.as_bytes())),
            Err(Unresolved::Futile) => arguments.handling = Handling::Left,
            Err(_) => {}
        }
        if let Given::Text(text) = source {
            arguments.given = text;
            arguments.push(arg::RAW_SRC, Value::path(text));
        }
        if let Given::Text(text) = target {
            arguments.push(arg::RAW_DST, Value::path(text));
        }
        arguments
    }

    /// `src, dst, dir_fd`: what the link says is not looked at, where it stands is.
    pub(super) fn symlink<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        if let Given::Text(target) = self.given(self.reader.argument(0)) {
            arguments.push(arg::TARGET, Value::path(target));
        }
        let given = self.given(self.reader.argument(1));
        let base = self.base(Some(2));
        self.resolve(&mut arguments, &mut scratch.first, given, base, false);
        arguments
    }

    /// `database`: a path, a `file:` URI (if the caller allows them: the event does not say), or nothing on disk.
    pub(super) fn database<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch {
            first,
            second,
            list,
            ..
        } = scratch;
        let mut arguments = Arguments::new();
        match self.given(self.reader.argument(0)) {
            Given::Text(b"" | b":memory:") => arguments.handling = Handling::Left,
            Given::Text(text) if text.starts_with(b"file:") => {
                let uri = address::DatabaseUri::parse(text);
                if uri.in_memory {
                    arguments.handling = Handling::Left;
                }
                let given = Given::Text(uri.path(second));
                self.resolve(&mut arguments, first, given, Base::Cwd, true);
                if uri.read_only {
                    list[0] = Value::str("read");
                    arguments.push(arg::FLAGS, Value::list(&list[..1]));
                }
            }
            given => self.resolve(&mut arguments, first, given, Base::Cwd, true),
        }
        if arguments.count == 0 && arguments.handling == Handling::Here {
            // A path-like object: SQLite opens the file through libc in a moment.
            arguments.handling = Handling::Left;
        }
        arguments
    }

    /// `import` of an extension module and `ctypes.dlopen` map a file.
    pub(super) fn load<'s>(&mut self, symbol: Symbol, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let name = self.reader.text(self.reader.argument(0));
        let file = if symbol == event::IMPORT {
            self.given(self.reader.argument(1))
        } else {
            match name {
                Some(name) if name.contains(&b'/') => Given::Text(name),
                _ => Given::Nothing,
            }
        };
        let first_name = if symbol == event::IMPORT {
            arg::MODULE
        } else {
            arg::NAME
        };
        if let Some(name) = name {
            arguments.push(first_name, Value::str(name));
        }
        if let Some(path) = resolve_one(&mut scratch.first, &file, Base::Cwd, true, false) {
            arguments.push(arg::PATH, Value::path(path.as_bytes()));
        }
        arguments
    }

    fn resolve<'s>(
        &mut self,
        arguments: &mut Arguments<'s>,
        place: &'s mut Resolved,
        given: Given<'s>,
        base: Base<'_>,
        follow: bool,
    ) {
        if let Given::Descriptor(_) = given {
            // What is already open was judged when it was opened; what changes the file behind it is judged by its path.
            arguments.handling = Handling::Left;
        }
        if let Given::Text(text) = given {
            arguments.given = text;
        }
        let want_inode = self.want_inode;
        match resolve_into(place, &given, base, follow, want_inode) {
            Ok(()) => {
                let place: &'s Resolved = place;
                arguments.inode = place.inode;
                arguments.ended_in_link = place.ended_in_link;
                if let Given::Descriptor(_) = given {
                    arguments.handling = Handling::Here;
                }
                arguments.push(arg::PATH, Value::path(place.as_bytes()));
            }
            Err(Unresolved::NoFile | Unresolved::Futile) => arguments.handling = Handling::Left,
            Err(_) => {}
        }
        if let Given::Text(text) = given {
            arguments.push(arg::RAW, Value::path(text));
        }
    }

    /// The directory that a relative path begins at: the descriptor at `place` of the tuple, −1 for none.
    fn base(&self, place: Option<usize>) -> Base<'static> {
        let descriptor = place.and_then(|place| self.reader.integer(self.reader.argument(place)));
        match descriptor {
            Some(descriptor) if descriptor >= 0 => Base::Descriptor(descriptor as c_int),
            _ => Base::Cwd,
        }
    }

    /// What a path argument says.
    fn given<'s>(&mut self, object: Item) -> Given<'s> {
        match self.reader.kind(object) {
            Kind::None => Given::Nothing,
            Kind::Integer => self
                .reader
                .integer(object)
                .map_or(Given::Unreadable, |number| {
                    Given::Descriptor(number as c_int)
                }),
            _ => self
                .reader
                .path_text(object)
                .map_or(Given::Unreadable, Given::Text),
        }
    }
}

/// Whether the function that raises the event has a `follow_symlinks`, which the event does not tell.
pub(super) fn may_spare_links(symbol: Symbol) -> bool {
    matches!(
        symbol,
        event::OS_CHMOD
            | event::OS_CHOWN
            | event::OS_UTIME
            | event::OS_SETXATTR
            | event::OS_REMOVEXATTR
            | event::OS_GETXATTR
            | event::OS_LISTXATTR
    )
}

pub(super) fn resolve_one<'s>(
    place: &'s mut Resolved,
    given: &Given<'_>,
    base: Base<'_>,
    follow: bool,
    want_inode: bool,
) -> Option<&'s Resolved> {
    resolve_into(place, given, base, follow, want_inode).ok()?;
    Some(place)
}

fn resolve_into(
    place: &mut Resolved,
    given: &Given<'_>,
    base: Base<'_>,
    follow: bool,
    want_inode: bool,
) -> Result<(), Unresolved> {
    match given {
        Given::Text(b"") => Err(Unresolved::Futile),
        Given::Text(text) => place.resolve(base, text, follow, want_inode),
        Given::Descriptor(descriptor) => place.resolve_descriptor(*descriptor),
        Given::Nothing | Given::Unreadable => Err(Unresolved::Unknown),
    }
}

/// The words of an open's intent. Returns how many there are.
pub(crate) fn flag_words(mode: &[u8], bits: c_int, list: &mut [Value<'static>]) -> usize {
    let has = |letter| mode.contains(&letter);
    let (mut read, mut write) = match bits & libc::O_ACCMODE {
        libc::O_WRONLY => (false, true),
        libc::O_RDWR => (true, true),
        _ => (!(has(b'w') || has(b'a') || has(b'x')), false),
    };
    write |= has(b'w') || has(b'a') || has(b'x') || has(b'+');
    read |= has(b'+') || has(b'r');
    let path_only = bits & libc::O_PATH != 0;
    let temporary = bits & libc::O_TMPFILE == libc::O_TMPFILE;
    let words = [
        ("read", read && !path_only),
        ("write", write && !path_only),
        (
            "create",
            bits & libc::O_CREAT != 0 || has(b'w') || has(b'a') || has(b'x'),
        ),
        ("truncate", bits & libc::O_TRUNC != 0 || has(b'w')),
        ("append", bits & libc::O_APPEND != 0 || has(b'a')),
        ("exclusive", bits & libc::O_EXCL != 0 || has(b'x')),
        ("directory", bits & libc::O_DIRECTORY != 0 && !temporary),
        ("nofollow", bits & libc::O_NOFOLLOW != 0),
        ("tmpfile", temporary),
        ("path", path_only),
    ];
    let mut count = 0;
    for (word, holds) in words {
        if holds {
            list[count] = Value::str(word);
            count += 1;
        }
    }
    count
}
