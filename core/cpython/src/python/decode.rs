//! Turns the arguments of an audit event into the catalogue's normalised ones.
//!
//! Only built-in types and their subclasses are read, through functions that run no code of the program. What cannot be
//! read that way is left out; a gate that needs it refuses (policy, *Meaning* 4), unless libc is about to show it.

use core::ffi::{c_int, c_long};

use audithook_abi::{Symbol, VALUE_TRUNCATED, Value};
use audithook_catalogue::{EventInfo, Operation, arg, event};

use super::api::{Api, Kind, Object};
use crate::address::{self, Endpoint};
use crate::environment;
use crate::paths::{Base, Resolved, Unresolved};

/// How many elements of a list are shown to rules and records.
const MOST_ELEMENTS: usize = 256;
/// How many arguments an event can have.
const MOST_ARGUMENTS: usize = 12;
/// How many objects the decoder may make, or keep, for one event.
const MOST_TEMPORARIES: usize = 32;

/// Memory for one event. Large: it lives in the pool, not on a thread's stack.
///
/// `'static` in the list stands for "until the event is done": its values borrow from the interpreter's objects.
pub(crate) struct Scratch {
    pub(crate) first: Resolved,
    pub(crate) second: Resolved,
    list: [Value<'static>; MOST_ELEMENTS],
    host: address::HostText,
}

/// The arguments of one event, borrowed from the interpreter's objects and the scratch memory.
pub(crate) struct Arguments<'s> {
    values: [Value<'s>; MOST_ARGUMENTS],
    count: usize,
    /// Device and inode of a path that has several names.
    pub(crate) inode: Option<(u64, u64)>,
    /// What the hook should do with it.
    pub(crate) handling: Handling,
    /// The path or host as it was given, to recognise the libc call that follows.
    pub(crate) given: &'s [u8],
    /// The path ended in a symlink, which was followed.
    ended_in_link: bool,
}

/// What becomes of a decoded event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handling {
    /// Judged and recorded here.
    Here,
    /// Left to the libc call that follows: only it shows the directory that a relative path begins at, or the path at all.
    AtCall,
    /// Nothing that a policy names: an open of a descriptor, a lookup of nothing.
    Free,
}

impl<'s> Arguments<'s> {
    fn new() -> Self {
        Self {
            values: [Value::NULL; MOST_ARGUMENTS],
            count: 0,
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
    pub(crate) fn as_slice(&self) -> &[Value<'s>] {
        &self.values[..self.count]
    }
}

/// Objects that the decoder made, or that must outlive the list that they are in; released when the event is done.
pub(crate) struct Temporaries<'a> {
    api: &'a Api,
    objects: [*mut Object; MOST_TEMPORARIES],
    count: usize,
}

impl<'a> Temporaries<'a> {
    pub(crate) fn new(api: &'a Api) -> Self {
        Self {
            api,
            objects: [core::ptr::null_mut(); MOST_TEMPORARIES],
            count: 0,
        }
    }

    fn keep(&mut self, object: *mut Object) -> bool {
        if let Some(place) = self.objects.get_mut(self.count) {
            *place = object;
            self.count += 1;
            return true;
        }
        false
    }
}

impl Drop for Temporaries<'_> {
    fn drop(&mut self) {
        for object in &self.objects[..self.count] {
            // SAFETY: each object is a new reference that this value owns.
            unsafe { (self.api.decref)(*object) };
        }
    }
}

/// Decodes the arguments of one event.
pub(crate) struct Decoder<'a, 't> {
    api: &'a Api,
    temporaries: &'t mut Temporaries<'a>,
    /// The event's argument tuple.
    tuple: *mut Object,
    /// Whether the inode of a path with several names is wanted.
    want_inode: bool,
    /// Whether something was read that another thread may change once the interpreter is let go of.
    saw_mutable: bool,
}

/// A path argument, before it is resolved.
enum Given<'s> {
    Text(&'s [u8]),
    Descriptor(c_int),
    Nothing,
    Unreadable,
}

impl<'a, 't> Decoder<'a, 't> {
    /// A decoder of the tuple `tuple`.
    ///
    /// # Safety
    /// `tuple` is the live argument tuple of an audit event, and the thread state is attached while the decoder
    /// and everything that it returns lives.
    pub(crate) unsafe fn new(
        api: &'a Api,
        temporaries: &'t mut Temporaries<'a>,
        tuple: *mut Object,
        want_inode: bool,
    ) -> Self {
        Self {
            api,
            temporaries,
            tuple,
            want_inode,
            saw_mutable: false,
        }
    }

    /// Whether the arguments borrow from a list or a `bytearray`: the interpreter must be held while they are in use.
    pub(crate) fn saw_mutable(&self) -> bool {
        self.saw_mutable
    }

    /// The normalised arguments of an event of the catalogue.
    pub(crate) fn decode<'s>(
        &mut self,
        symbol: Symbol,
        info: &'static EventInfo,
        scratch: &'s mut Scratch,
    ) -> Arguments<'s> {
        match info.operation {
            Operation::Open => self.open(scratch),
            Operation::List => self.one_path(scratch, true, None),
            Operation::Write => {
                let directory = match symbol {
                    event::OS_CHMOD => Some(2),
                    event::OS_CHOWN | event::OS_UTIME => Some(3),
                    _ => None,
                };
                let mut arguments = self.one_path(scratch, true, directory);
                if arguments.ended_in_link && may_spare_links(symbol) {
                    arguments.handling = Handling::AtCall;
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
            Operation::Resolve => self.lookup(info),
            Operation::Socket => self.socket(),
            Operation::Exec => self.program(symbol, scratch),
            Operation::Shell => self.shell(scratch),
            Operation::None | Operation::Uncovered => self.plain(info, scratch),
        }
    }

    /// The arguments of an event that the catalogue does not know: named by their places.
    pub(crate) fn decode_custom<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let mut list = &mut scratch.list[..];
        for place in 0..self.length().min(10) {
            let (value, rest) = self.any(self.item(place), list);
            list = rest;
            arguments.push(Symbol(arg::PLACE_0.0 + place as u32), value);
        }
        arguments
    }

    /// `path, mode, flags`: the intent stands in either of the last two.
    fn open<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch { first, list, .. } = scratch;
        let mode = self.text(self.item(1));
        let bits = self.integer(self.item(2)).unwrap_or(0) as c_int;
        let mut arguments = Arguments::new();
        let given = self.given(self.item(0));
        // `os.open` alone leaves out the mode, and it does not tell of its `dir_fd`.
        if mode.is_none() && matches!(given, Given::Text(path) if !path.starts_with(b"/")) {
            arguments.handling = Handling::AtCall;
        }
        match given {
            // An open file gets a Python object: nothing is opened.
            Given::Descriptor(_) => arguments.handling = Handling::Free,
            Given::Nothing | Given::Unreadable => arguments.handling = Handling::AtCall,
            Given::Text(_) => {
                let follow = bits & libc::O_NOFOLLOW == 0;
                self.resolve(&mut arguments, first, given, Base::Cwd, follow);
            }
        }
        let count = flag_words(mode.unwrap_or(b""), bits, list);
        arguments.push(arg::FLAGS, Value::list(&list[..count]));
        arguments
    }

    fn one_path<'s>(
        &mut self,
        scratch: &'s mut Scratch,
        follow: bool,
        directory: Option<usize>,
    ) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let base = self.base(directory);
        let given = match self.given(self.item(0)) {
            // `os.listdir()`, `os.scandir()`: here.
            Given::Nothing => Given::Text(b"."),
            given => given,
        };
        self.resolve(&mut arguments, &mut scratch.first, given, base, follow);
        arguments
    }

    fn two_paths<'s>(&mut self, scratch: &'s mut Scratch, is_link: bool) -> Arguments<'s> {
        let Scratch { first, second, .. } = scratch;
        let mut arguments = Arguments::new();
        let (source, target) = (self.given(self.item(0)), self.given(self.item(1)));
        let (from, to) = (self.base(Some(2)), self.base(Some(3)));
        if is_link
            && resolve_one(first, &source, from, true, false).is_some_and(|path| path.ended_in_link)
        {
            // A link to the symlink, or to what it names: `follow_symlinks` is not among the arguments.
            arguments.handling = Handling::AtCall;
            return arguments;
        }
        if let Some(path) = resolve_one(first, &source, from, false, self.want_inode) {
            arguments.push(arg::SRC, Value::path(path.as_bytes()));
            arguments.inode = path.inode;
        }
        if let Some(path) = resolve_one(second, &target, to, false, false) {
            arguments.push(arg::DST, Value::path(path.as_bytes()));
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
    fn symlink<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        if let Given::Text(target) = self.given(self.item(0)) {
            arguments.push(arg::TARGET, Value::path(target));
        }
        let given = self.given(self.item(1));
        let base = self.base(Some(2));
        self.resolve(&mut arguments, &mut scratch.first, given, base, false);
        arguments
    }

    /// `database`: a path, a `file:` URI (if the caller allows them: the event does not say), or nothing on disk.
    fn database<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch {
            first,
            second,
            list,
            ..
        } = scratch;
        let mut arguments = Arguments::new();
        match self.given(self.item(0)) {
            Given::Text(b"" | b":memory:") => arguments.handling = Handling::Free,
            Given::Text(text) if text.starts_with(b"file:") => {
                let uri = address::DatabaseUri::parse(text);
                if uri.in_memory {
                    arguments.handling = Handling::Free;
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
            arguments.handling = Handling::AtCall;
        }
        arguments
    }

    /// `import` of an extension module and `ctypes.dlopen` map a file.
    fn load<'s>(&mut self, symbol: Symbol, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let name = self.text(self.item(0));
        let file = if symbol == event::IMPORT {
            self.given(self.item(1))
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

    /// `self, address`
    fn endpoint<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch { first, host, .. } = scratch;
        let mut arguments = Arguments::new();
        // SAFETY: an item of the live tuple.
        let descriptor = unsafe { self.api.socket_descriptor(self.item(0)) };
        let socket = address::describe_socket(descriptor.unwrap_or(-1));
        let address = self.item(1);
        let mut path = None;
        // SAFETY: an item of the live tuple.
        match unsafe { self.api.kind(address) } {
            // `socket.sendmsg` of a connected socket, `sendto` without an address.
            Kind::None => arguments.handling = Handling::Free,
            Kind::Tuple if socket.is_internet() => {
                // SAFETY: as above; the tuple has the length that is asked for first.
                let (name, port) = unsafe {
                    let length = (self.api.tuple_size)(address);
                    let item = |place| {
                        if place < length {
                            (self.api.tuple_item)(address, place)
                        } else {
                            core::ptr::null_mut()
                        }
                    };
                    (item(0), item(1))
                };
                if let Some(text) = self.text(name) {
                    arguments.push(
                        arg::HOST,
                        Value::str(host.normalise_special(text, socket.family)),
                    );
                }
                if let Some(port) = self.integer(port) {
                    arguments.push(arg::PORT, Value::i64(port));
                }
            }
            Kind::Text | Kind::Bytes | Kind::ByteArray if socket.family == libc::AF_UNIX => {
                path = self.text(address).map(Given::Text);
            }
            _ => {}
        }
        arguments.push(arg::FAMILY, Value::str(socket.family_name()));
        arguments.push(arg::KIND, Value::str(socket.kind_name()));
        match path {
            Some(Given::Text([0, name @ ..])) => {
                let name = host.abstract_name(name);
                arguments.push(arg::PATH, Value::path(name));
            }
            Some(given) => {
                if let Some(path) = resolve_one(first, &given, Base::Cwd, true, false) {
                    arguments.push(arg::PATH, Value::path(path.as_bytes()));
                }
            }
            None => {}
        }
        arguments
    }

    /// `host, …`
    fn lookup<'s>(&mut self, info: &'static EventInfo) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        match self.text(self.item(0)) {
            Some(b"") | None => arguments.handling = Handling::Free,
            Some(host) => {
                arguments.given = host;
                arguments.push(arg::HOST, Value::str(host));
            }
        }
        if info.args.len() > 1 {
            match self.integer(self.item(1)) {
                Some(port) => arguments.push(arg::PORT, Value::i64(port)),
                None => {
                    if let Some(service) = self.text(self.item(1)) {
                        arguments.push(arg::PORT, Value::str(service));
                    }
                }
            }
        }
        arguments
    }

    /// `self, family, type, protocol`
    fn socket<'s>(&mut self) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let [family, kind, protocol] =
            [1, 2, 3].map(|place| self.integer(self.item(place)).unwrap_or(-1) as c_int);
        let socket = Endpoint {
            family,
            kind,
            protocol,
        };
        if family < 0 {
            // `socket.socket(fileno=…)`: an existing socket.
            arguments.handling = Handling::Free;
        }
        arguments.push(arg::FAMILY, Value::str(socket.family_name()));
        arguments.push(arg::KIND, Value::str(socket.kind_name()));
        arguments.push(arg::PROTOCOL, Value::i64(protocol.into()));
        arguments
    }

    /// `executable, args, cwd, env`, or `path, args, env`.
    fn program<'s>(&mut self, symbol: Symbol, scratch: &'s mut Scratch) -> Arguments<'s> {
        let Scratch {
            first,
            second,
            list,
            ..
        } = scratch;
        let mut arguments = Arguments::new();
        let is_popen = symbol == event::SUBPROCESS_POPEN;
        let directory = if is_popen {
            self.text(self.item(2))
        } else {
            None
        };
        let environment = self.item(if is_popen { 3 } else { 2 });
        let program = self.text(self.item(0));
        let argv = self.item(1);
        let program = program.or_else(|| self.first_element(argv));
        let may_be_searched = matches!(
            symbol,
            event::OS_POSIX_SPAWN | event::_POSIXSUBPROCESS_FORK_EXEC
        );
        if may_be_searched && program.is_some_and(|program| !program.contains(&b'/')) {
            // `posix_spawnp` raises the same event: only the libc call shows whether PATH is searched.
            arguments.handling = Handling::AtCall;
            return arguments;
        }
        if let Some(program) = program {
            let base = match directory {
                Some(directory) if second.resolve(Base::Cwd, directory, true, false).is_ok() => {
                    Base::Directory(second.as_bytes())
                }
                _ => Base::Cwd,
            };
            let found = if program.contains(&b'/') {
                first.resolve(base, program, true, false).is_ok()
            } else if is_popen {
                environment::find_program(program, self.search_path(environment), base, first)
            } else {
                first.resolve(Base::Cwd, program, true, false).is_ok()
            };
            if found {
                arguments.push(arg::PATH, Value::path(first.as_bytes()));
            } else {
                // No such program: the operation fails by itself.
                arguments.handling = Handling::Free;
            }
            arguments.given = program;
            arguments.push(arg::RAW, Value::path(program));
        }
        let count = self.strings(argv, list);
        arguments.push(arg::ARGS, Value::list(&list[..count]));
        if let Some(directory) = directory {
            arguments.push(arg::CWD, Value::path(directory));
        }
        arguments
    }

    /// `command`, for the shell.
    fn shell<'s>(&mut self, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        if scratch
            .first
            .resolve(Base::Cwd, b"/bin/sh", true, false)
            .is_ok()
        {
            arguments.push(arg::PATH, Value::path(scratch.first.as_bytes()));
        }
        if let Some(command) = self.text(self.item(0)) {
            arguments.push(arg::COMMAND, Value::str(command));
        }
        arguments
    }

    /// The catalogue's arguments by their places.
    fn plain<'s>(&mut self, info: &'static EventInfo, scratch: &'s mut Scratch) -> Arguments<'s> {
        let mut arguments = Arguments::new();
        let mut list = &mut scratch.list[..];
        for (place, argument) in info.args.iter().enumerate() {
            if argument.name == "_" || place >= self.length() {
                continue;
            }
            let item = self.item(place);
            // `marshal.loads` carries whole modules: their length says enough.
            if argument.name == "length"
                && let Some(bytes) = self.text(item)
            {
                arguments.push(arg::LENGTH, Value::u64(bytes.len() as u64));
                continue;
            }
            let (value, rest) = self.any(item, list);
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
    fn rest(&mut self, info: &'static EventInfo, arguments: &mut Arguments<'_>, place: usize) {
        let named = info
            .args
            .iter()
            .filter(|argument| !matches!(argument.name, "path" | "raw"));
        for (offset, argument) in named.enumerate() {
            if let (Some(name), Some(number)) = (
                audithook_catalogue::arg_symbol(argument.name.as_bytes()),
                self.integer(self.item(place + offset)),
            ) {
                arguments.push(name, Value::i64(number));
            }
        }
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
            arguments.handling = Handling::Free;
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
            Err(Unresolved::NoFile) => arguments.handling = Handling::Free,
            Err(_) => {}
        }
        if let Given::Text(text) = given {
            arguments.push(arg::RAW, Value::path(text));
        }
    }

    /// The directory that a relative path begins at: the descriptor at `place` of the tuple, −1 for none.
    fn base(&self, place: Option<usize>) -> Base<'static> {
        let descriptor = place.and_then(|place| self.integer(self.item(place)));
        match descriptor {
            Some(descriptor) if descriptor >= 0 => Base::Descriptor(descriptor as c_int),
            _ => Base::Cwd,
        }
    }

    fn given<'s>(&mut self, object: *mut Object) -> Given<'s> {
        // SAFETY: an item of the live tuple.
        match unsafe { self.api.kind(object) } {
            Kind::None => Given::Nothing,
            Kind::Integer => self.integer(object).map_or(Given::Unreadable, |number| {
                Given::Descriptor(number as c_int)
            }),
            _ => self
                .path_text(object)
                .map_or(Given::Unreadable, Given::Text),
        }
    }

    /// A path in the file system's encoding.
    fn path_text<'s>(&mut self, object: *mut Object) -> Option<&'s [u8]> {
        let text = self.text(object);
        // SAFETY: an item of the live tuple.
        let is_text = unsafe { self.api.kind(object) } == Kind::Text;
        if !is_text || text.is_some_and(<[u8]>::is_ascii) {
            return text;
        }
        // SAFETY: a live `str`; the result is a new reference or null with an exception, which is cleared.
        let bytes = unsafe { (self.api.unicode_encode_fs)(object) };
        self.kept_bytes(bytes)
    }

    /// The text of a `str` in UTF-8 (surrogate escapes as the bytes they stand for), or the bytes of a `bytes`.
    fn text<'s>(&mut self, object: *mut Object) -> Option<&'s [u8]> {
        // SAFETY: an item of the live tuple or list; the pointers stay valid while the object lives, which the tuple
        // (or `temporaries`) guarantees until the event is done.
        unsafe {
            match self.api.kind(object) {
                Kind::Text => {
                    let mut length = 0;
                    let text = (self.api.unicode_as_utf8)(object, &raw mut length);
                    if !text.is_null() {
                        return Some(core::slice::from_raw_parts(text.cast(), length as usize));
                    }
                    (self.api.error_clear)();
                    let bytes = (self.api.unicode_encode)(
                        object,
                        c"utf-8".as_ptr(),
                        c"surrogateescape".as_ptr(),
                    );
                    self.kept_bytes(bytes)
                }
                Kind::Bytes => Some(self.bytes(object)),
                Kind::ByteArray => {
                    self.saw_mutable = true;
                    let start = (self.api.bytearray_as_string)(object);
                    let length = (self.api.bytearray_size)(object);
                    if start.is_null() || length <= 0 {
                        return Some(&[]);
                    }
                    Some(core::slice::from_raw_parts(start.cast(), length as usize))
                }
                _ => None,
            }
        }
    }

    fn kept_bytes<'s>(&mut self, bytes: *mut Object) -> Option<&'s [u8]> {
        if bytes.is_null() {
            // SAFETY: the call that gave null set an exception of this thread.
            unsafe { (self.api.error_clear)() };
            return None;
        }
        if !self.temporaries.keep(bytes) {
            // SAFETY: a new reference that nobody else has.
            unsafe { (self.api.decref)(bytes) };
            return None;
        }
        // SAFETY: a live `bytes`, kept by `temporaries`.
        Some(unsafe { self.bytes(bytes) })
    }

    /// # Safety
    /// `object` is a live `bytes` that outlives `'s`.
    unsafe fn bytes<'s>(&self, object: *mut Object) -> &'s [u8] {
        // SAFETY: the caller's promise; a `bytes` never changes.
        unsafe {
            let start = (self.api.bytes_as_string)(object);
            let length = (self.api.bytes_size)(object);
            if start.is_null() || length <= 0 {
                return &[];
            }
            core::slice::from_raw_parts(start.cast(), length as usize)
        }
    }

    fn integer(&self, object: *mut Object) -> Option<i64> {
        // SAFETY: an item of the live tuple; for an `int` (or a subclass) the conversion runs no code of the program.
        unsafe {
            if self.api.kind(object) != Kind::Integer {
                return None;
            }
            let number = (self.api.long_as_long_long)(object);
            if number == -1 {
                // Either −1 or an exception: too large.
                (self.api.error_clear)();
            }
            Some(number)
        }
    }

    /// Any object as a value; lists one level deep. Gives back what is left of `list`.
    fn any<'s>(
        &mut self,
        object: *mut Object,
        list: &'s mut [Value<'static>],
    ) -> (Value<'s>, &'s mut [Value<'static>]) {
        // SAFETY: an item of the live tuple.
        match unsafe { self.api.kind(object) } {
            Kind::None => (Value::NULL, list),
            Kind::Integer => (self.integer(object).map_or(Value::NULL, Value::i64), list),
            // SAFETY: a live exact `float`.
            Kind::Float => (
                Value::f64(unsafe { (self.api.float_as_double)(object) }),
                list,
            ),
            Kind::Text => (self.text(object).map_or(Value::NULL, Value::str), list),
            Kind::Bytes | Kind::ByteArray => {
                (self.text(object).map_or(Value::NULL, Value::bytes), list)
            }
            Kind::List | Kind::Tuple => {
                let count = self.strings(object, list);
                let (mine, rest) = list.split_at_mut(count);
                (Value::list(mine), rest)
            }
            Kind::Dict | Kind::Other => {
                // SAFETY: a live object. A class may be given another name by another thread.
                let class = unsafe { self.api.class_name(object) };
                self.saw_mutable = true;
                (Value::str(class.to_bytes()), list)
            }
        }
    }

    /// The scalars of a list or tuple. Returns how many there are.
    fn strings(&mut self, object: *mut Object, list: &mut [Value<'static>]) -> usize {
        let length = self.sequence_length(object);
        let mut count = 0;
        for place in 0..length.min(list.len()) {
            let item = self.sequence_item(object, place);
            list[count] = match self.integer(item) {
                Some(number) => Value::i64(number),
                None => self.text(item).map_or(Value::NULL, Value::str),
            };
            count += 1;
        }
        if let (true, Some(last)) = (length > count, list[..count].last_mut()) {
            *last = last.flagged(VALUE_TRUNCATED);
        }
        count
    }

    fn first_element<'s>(&mut self, object: *mut Object) -> Option<&'s [u8]> {
        if self.sequence_length(object) == 0 {
            return self.text(object);
        }
        let first = self.sequence_item(object, 0);
        self.text(first)
    }

    fn sequence_length(&self, object: *mut Object) -> usize {
        // SAFETY: an item of the live tuple; the size functions read a field of a list or tuple.
        let length = unsafe {
            match self.api.kind(object) {
                Kind::List => (self.api.list_size)(object),
                Kind::Tuple => (self.api.tuple_size)(object),
                _ => 0,
            }
        };
        usize::try_from(length).unwrap_or(0)
    }

    /// An item that lives until the event is done.
    fn sequence_item(&mut self, object: *mut Object, place: usize) -> *mut Object {
        // SAFETY: a live list or tuple of at least `place + 1` items. A tuple keeps its items; those of a list are kept here.
        unsafe {
            match self.api.kind(object) {
                Kind::List => {
                    let item = self.api.new_list_item(object, place);
                    self.kept(item)
                }
                Kind::Tuple => (self.api.tuple_item)(object, place as isize),
                _ => core::ptr::null_mut(),
            }
        }
    }

    /// Keeps a new reference until the event is done. Where there is no more room the list keeps it, as long as the
    /// interpreter is held.
    ///
    /// # Safety
    /// `object` is null, or a new reference to what a list or dict has.
    unsafe fn kept(&mut self, object: *mut Object) -> *mut Object {
        if object.is_null() || self.temporaries.keep(object) {
            return object;
        }
        // SAFETY: the caller's promise.
        unsafe { (self.api.decref)(object) };
        if self.api.is_free_threaded() {
            return core::ptr::null_mut();
        }
        self.saw_mutable = true;
        object
    }

    /// `PATH` of the environment that the child gets: of the dict given, else of this process.
    fn search_path<'s>(&mut self, environment: *mut Object) -> Option<&'s [u8]> {
        // SAFETY: an item of the live tuple.
        if unsafe { self.api.kind(environment) } != Kind::Dict {
            return environment::variable(c"PATH");
        }
        // SAFETY: a live dict.
        let path = unsafe {
            let path = self.api.new_dict_value(environment, b"PATH");
            self.kept(path)
        };
        self.text(path)
    }

    fn length(&self) -> usize {
        // SAFETY: the live tuple.
        usize::try_from(unsafe { (self.api.tuple_size)(self.tuple) }).unwrap_or(0)
    }

    /// The tuple's item, null beyond its end.
    fn item(&self, place: usize) -> *mut Object {
        if place >= self.length() {
            return core::ptr::null_mut();
        }
        // SAFETY: the live tuple has this item; the reference is borrowed from it.
        unsafe { (self.api.tuple_item)(self.tuple, place as isize) }
    }
}

/// Whether the function that raises the event has a `follow_symlinks`, which the event does not tell.
fn may_spare_links(symbol: Symbol) -> bool {
    matches!(
        symbol,
        event::OS_CHMOD
            | event::OS_CHOWN
            | event::OS_UTIME
            | event::OS_SETXATTR
            | event::OS_REMOVEXATTR
    )
}

fn resolve_one<'s>(
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
        Given::Text(text) => place.resolve(base, text, follow, want_inode),
        Given::Descriptor(descriptor) => place.resolve_descriptor(*descriptor),
        Given::Nothing | Given::Unreadable => Err(Unresolved::NoBase),
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

const _: () = assert!(size_of::<c_long>() == 8);
