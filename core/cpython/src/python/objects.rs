//! How the interpreter's objects become values: text, numbers, lists.
//!
//! Only built-in types and their subclasses are read, through functions that run no code of the program. Where an object
//! has to be made, or could go while it is looked at, a reference is kept until the event is done.

use core::ffi::{c_int, c_long};

use audithook_abi::{VALUE_TRUNCATED, Value};

use super::api::{Api, Kind, Object};

/// What is there and cannot be read: a condition on it is an error, not a verdict (policy, *Meaning* 4).
const UNREADABLE: Value<'static> = Value::NULL.flagged(VALUE_TRUNCATED);

/// How many objects the reader may make, or keep, for one event.
const MOST_TEMPORARIES: usize = 32;

/// Objects that the reader made, or that must outlive the list that they are in; released when the event is done.
pub(super) struct Temporaries<'a> {
    api: &'a Api,
    objects: [*mut Object; MOST_TEMPORARIES],
    count: usize,
}

impl<'a> Temporaries<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
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

/// An object that an event shows, or null where there is none. The tuple has it, or it is kept until the event is done (or,
/// where there is no more room, its list has it, as long as the interpreter is held).
#[derive(Clone, Copy)]
pub(super) struct Item(*mut Object);

/// Reads the objects of one event.
pub(super) struct Reader<'a, 't> {
    api: &'a Api,
    temporaries: &'t mut Temporaries<'a>,
    /// The event's argument tuple.
    tuple: *mut Object,
    /// Whether something was read that another thread may change once the interpreter is let go of.
    saw_mutable: bool,
}

impl<'a, 't> Reader<'a, 't> {
    /// A reader of the tuple `tuple`.
    ///
    /// # Safety
    /// `tuple` is the live argument tuple of an audit event, and the thread state is attached while the reader
    /// and everything that it returns lives.
    pub(super) unsafe fn new(
        api: &'a Api,
        temporaries: &'t mut Temporaries<'a>,
        tuple: *mut Object,
    ) -> Self {
        Self {
            api,
            temporaries,
            tuple,
            saw_mutable: false,
        }
    }

    /// Whether something that was read is borrowed from a list or a `bytearray`: the interpreter must be held while it is
    /// in use.
    pub(super) fn saw_mutable(&self) -> bool {
        self.saw_mutable
    }

    /// How many arguments the event has.
    pub(super) fn count(&self) -> usize {
        // SAFETY: the live tuple.
        usize::try_from(unsafe { (self.api.tuple_size)(self.tuple) }).unwrap_or(0)
    }

    /// An argument, null beyond the last.
    pub(super) fn argument(&self, place: usize) -> Item {
        if place >= self.count() {
            return Item(core::ptr::null_mut());
        }
        // SAFETY: the live tuple has this item; the reference is borrowed from it.
        Item(unsafe { (self.api.tuple_item)(self.tuple, place as isize) })
    }

    /// What an object is.
    pub(super) fn kind(&self, object: Item) -> Kind {
        // SAFETY: an item is null or alive.
        unsafe { self.api.kind(object.0) }
    }

    /// Any object as a value; lists one level deep. Gives back what is left of `list`.
    pub(super) fn any<'s>(
        &mut self,
        object: Item,
        list: &'s mut [Value<'static>],
    ) -> (Value<'s>, &'s mut [Value<'static>]) {
        match self.kind(object) {
            Kind::None => (Value::NULL, list),
            Kind::Integer | Kind::Float | Kind::Text => (self.scalar(object), list),
            Kind::Bytes | Kind::ByteArray => {
                (self.text(object).map_or(UNREADABLE, Value::bytes), list)
            }
            Kind::List | Kind::Tuple => {
                let count = self.strings(object, list);
                let (mine, rest) = list.split_at_mut(count);
                (Value::list(mine), rest)
            }
            Kind::Dict | Kind::Other => {
                // SAFETY: a live object. A class may be given another name by another thread.
                let class = unsafe { self.api.class_name(object.0) };
                self.saw_mutable = true;
                (Value::str(class.to_bytes()), list)
            }
        }
    }

    /// A truth, a number or a text.
    fn scalar<'s>(&mut self, object: Item) -> Value<'s> {
        if let Some(truth) = self.api.truth(object.0) {
            return Value::bool(truth);
        }
        match self.kind(object) {
            Kind::None => Value::NULL,
            Kind::Integer => match self.integer(object) {
                Some(number) => Value::i64(number),
                None => self.unsigned(object).map_or(UNREADABLE, Value::u64),
            },
            // SAFETY: a live exact `float`.
            Kind::Float => Value::f64(unsafe { (self.api.float_as_double)(object.0) }),
            _ => self.text(object).map_or(UNREADABLE, Value::str),
        }
    }

    /// An `int` that is too large for [`Self::integer`].
    fn unsigned(&self, object: Item) -> Option<u64> {
        // SAFETY: a live `int`; the conversion runs no code of the program.
        unsafe {
            let number = (self.api.long_as_unsigned_long_long)(object.0);
            let failed = number == u64::MAX && !(self.api.error_occurred)().is_null();
            if failed {
                (self.api.error_clear)();
            }
            (!failed).then_some(number)
        }
    }

    /// An `int`; `None` if it is too large, or no `int`.
    pub(super) fn integer(&self, object: Item) -> Option<i64> {
        // SAFETY: an item is null or alive; for an `int` (or a subclass) the conversion runs no code of the program.
        unsafe {
            if self.api.kind(object.0) != Kind::Integer {
                return None;
            }
            let number = (self.api.long_as_long_long)(object.0);
            let failed = number == -1 && !(self.api.error_occurred)().is_null();
            if failed {
                (self.api.error_clear)();
            }
            (!failed).then_some(number)
        }
    }

    /// The text of a `str` in UTF-8 (surrogate escapes as the bytes they stand for), or the bytes of a `bytes`.
    pub(super) fn text<'s>(&mut self, object: Item) -> Option<&'s [u8]> {
        // SAFETY: an item is null or lives until the event is done; the pointers stay valid while it lives.
        unsafe {
            match self.api.kind(object.0) {
                Kind::Text => {
                    let mut length = 0;
                    let text = (self.api.unicode_as_utf8)(object.0, &raw mut length);
                    if !text.is_null() {
                        return Some(core::slice::from_raw_parts(text.cast(), length as usize));
                    }
                    (self.api.error_clear)();
                    let bytes = (self.api.unicode_encode)(
                        object.0,
                        c"utf-8".as_ptr(),
                        c"surrogateescape".as_ptr(),
                    );
                    self.kept_bytes(bytes)
                }
                Kind::Bytes => Some(self.bytes(object.0)),
                Kind::ByteArray => {
                    self.saw_mutable = true;
                    let start = (self.api.bytearray_as_string)(object.0);
                    let length = (self.api.bytearray_size)(object.0);
                    if start.is_null() || length <= 0 {
                        return Some(&[]);
                    }
                    Some(core::slice::from_raw_parts(start.cast(), length as usize))
                }
                _ => None,
            }
        }
    }

    /// A path in the file system's encoding.
    pub(super) fn path_text<'s>(&mut self, object: Item) -> Option<&'s [u8]> {
        let text = self.text(object);
        let is_text = self.kind(object) == Kind::Text;
        if !is_text || text.is_some_and(<[u8]>::is_ascii) {
            return text;
        }
        // SAFETY: a live `str`; the result is a new reference or null with an exception, which is cleared.
        let bytes = unsafe { (self.api.unicode_encode_fs)(object.0) };
        self.kept_bytes(bytes)
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

    /// The scalars of a list or tuple. Returns how many there are.
    pub(super) fn strings(&mut self, object: Item, list: &mut [Value<'static>]) -> usize {
        let length = self.sequence_length(object);
        let mut count = 0;
        for place in 0..length.min(list.len()) {
            let item = self.sequence_item(object, place);
            list[count] = self.scalar(item);
            count += 1;
        }
        if let (true, Some(last)) = (length > count, list[..count].last_mut()) {
            *last = last.flagged(VALUE_TRUNCATED);
        }
        count
    }

    /// The text of a list's or tuple's first element; of the object itself, if it is not one, or empty.
    pub(super) fn first_element<'s>(&mut self, object: Item) -> Option<&'s [u8]> {
        if self.sequence_length(object) == 0 {
            return self.text(object);
        }
        let first = self.sequence_item(object, 0);
        self.text(first)
    }

    fn sequence_length(&self, object: Item) -> usize {
        // SAFETY: an item is null or alive; the size functions read a field of a list or tuple.
        let length = unsafe {
            match self.api.kind(object.0) {
                Kind::List => (self.api.list_size)(object.0),
                Kind::Tuple => (self.api.tuple_size)(object.0),
                _ => 0,
            }
        };
        usize::try_from(length).unwrap_or(0)
    }

    /// An item of a list or tuple; `place` is below the length.
    fn sequence_item(&mut self, object: Item, place: usize) -> Item {
        // SAFETY: a live list or tuple of at least `place + 1` items. A tuple keeps its items; those of a list are kept here.
        unsafe {
            match self.api.kind(object.0) {
                Kind::List => {
                    let item = self.api.new_list_item(object.0, place);
                    self.kept(item)
                }
                Kind::Tuple => Item((self.api.tuple_item)(object.0, place as isize)),
                _ => Item(core::ptr::null_mut()),
            }
        }
    }

    /// An item of a tuple; null beyond its end, and for anything else.
    pub(super) fn tuple_item(&self, object: Item, place: usize) -> Item {
        if self.kind(object) != Kind::Tuple || place >= self.sequence_length(object) {
            return Item(core::ptr::null_mut());
        }
        // SAFETY: a live tuple that has this item; the reference is borrowed from it.
        Item(unsafe { (self.api.tuple_item)(object.0, place as isize) })
    }

    /// What a dict has for a name, null if it has none. `None` for anything else.
    pub(super) fn dict_value(&mut self, object: Item, name: &[u8]) -> Option<Item> {
        if self.kind(object) != Kind::Dict {
            return None;
        }
        // SAFETY: a live dict.
        Some(unsafe {
            let value = self.api.new_dict_value(object.0, name);
            self.kept(value)
        })
    }

    /// Keeps a new reference until the event is done. Where there is no more room the list keeps it, as long as the
    /// interpreter is held.
    ///
    /// # Safety
    /// `object` is null, or a new reference to what a list or dict has.
    unsafe fn kept(&mut self, object: *mut Object) -> Item {
        if object.is_null() || self.temporaries.keep(object) {
            return Item(object);
        }
        // SAFETY: the caller's promise.
        unsafe { (self.api.decref)(object) };
        if self.api.is_free_threaded() {
            return Item(core::ptr::null_mut());
        }
        self.saw_mutable = true;
        Item(object)
    }

    /// The descriptor of a `socket.socket`.
    pub(super) fn socket_descriptor(&self, object: Item) -> Option<c_int> {
        if object.0.is_null() {
            return None;
        }
        // SAFETY: an item that is not null is alive.
        unsafe { self.api.socket_descriptor(object.0) }
    }
}

const _: () = assert!(size_of::<c_long>() == 8);
