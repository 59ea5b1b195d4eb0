//! The few functions of CPython's C API that the hook needs, found by name in the running process.
//!
//! Nothing links to libpython: the same library serves every version, shared and static. Only functions of the stable
//! ABI are used, and none that raises an audit event or runs code of the program (no `str()`, no attribute access, no
//! `__fspath__`, no `__index__`): the objects belong to a program that may be hostile.

use core::ffi::{CStr, c_char, c_int, c_long, c_longlong, c_ulong, c_ulonglong, c_void};
use core::sync::atomic::{AtomicBool, Ordering};

use super::entry;
use crate::real;

/// A Python object. Opaque: never read but through the API, except its type.
#[repr(C)]
pub(crate) struct Object {
    _private: [u8; 0],
}

/// The signature of `Py_AuditHookFunction`.
pub(crate) type AuditHook =
    unsafe extern "C" fn(event: *const c_char, args: *mut Object, data: *mut c_void) -> c_int;

macro_rules! api {
    ($($field:ident = $symbol:literal : fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Function pointers into the interpreter.
        #[derive(Clone, Copy)]
        pub(crate) struct Api {
            $(pub(crate) $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            /// What only free-threaded builds need: other threads change lists and dicts while they are read.
            free_threading: Option<FreeThreading>,
            /// The address of `PyExc_PermissionError`, which is filled in while the interpreter starts.
            permission_error: *const *mut Object,
            /// Types and the objects None, True and False, told by their addresses: a name anyone can give to a class of their own.
            none: *mut Object,
            true_object: *mut Object,
            false_object: *mut Object,
            float_type: *mut Object,
            bytearray_type: *mut Object,
            /// How many bytes stand before an object's own fields: 16, or 32 in a free-threaded build.
            header: usize,
        }

        impl Api {
            /// Finds every function; `None` where the process holds no interpreter of 3.8 or later.
            pub(crate) fn find() -> Option<Self> {
                $(
                    let $field = real::symbol($symbol)?;
                    // SAFETY: the symbol is CPython's function of this name, whose signature the stable ABI fixes.
                    let $field = unsafe {
                        core::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>($field)
                    };
                )*
                let permission_error = real::symbol(c"PyExc_PermissionError")?.cast_const().cast();
                let object = |name| real::symbol(name).map(|address| address.cast::<Object>());
                let none = object(c"_Py_NoneStruct")?;
                let true_object = object(c"_Py_TrueStruct")?;
                let false_object = object(c"_Py_FalseStruct")?;
                let float_type = object(c"PyFloat_Type")?;
                let bytearray_type = object(c"PyByteArray_Type")?;
                let free_threading = FreeThreading::find();
                let header = if free_threading.is_some() { 32 } else { 16 };
                Some(Self { $($field,)* free_threading, permission_error, none, true_object, false_object, float_type, bytearray_type, header })
            }
        }
    };
}

type Size = isize;

/// Functions of free-threaded builds (PEP 703).
#[derive(Clone, Copy)]
struct FreeThreading {
    /// `PyList_GetItemRef`
    list_item: unsafe extern "C" fn(*mut Object, Size) -> *mut Object,
    /// `PyCriticalSection_Begin`, `PyCriticalSection_End`
    begin: unsafe extern "C" fn(*mut CriticalSection, *mut Object),
    end: unsafe extern "C" fn(*mut CriticalSection),
}

/// `PyCriticalSection`: two words in 3.13 and 3.14; room for more.
#[repr(C)]
struct CriticalSection([usize; 8]);

impl FreeThreading {
    /// `None` in a build with the GIL.
    fn find() -> Option<Self> {
        // Exported by free-threaded builds alone.
        real::symbol(c"PyUnstable_Module_SetGIL")?;
        let list_item = real::symbol(c"PyList_GetItemRef")?;
        let begin = real::symbol(c"PyCriticalSection_Begin")?;
        let end = real::symbol(c"PyCriticalSection_End")?;
        // SAFETY: CPython's functions of these names, since 3.13 (Include/cpython/critical_section.h, listobject.h).
        unsafe {
            Some(Self {
                list_item: core::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn(*mut Object, Size) -> *mut Object,
                >(list_item),
                begin: core::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn(*mut CriticalSection, *mut Object),
                >(begin),
                end: core::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut CriticalSection)>(
                    end,
                ),
            })
        }
    }
}

api! {
    add_audit_hook = c"PySys_AddAuditHook": fn(AuditHook, *mut c_void) -> c_int;
    is_initialized = c"Py_IsInitialized": fn() -> c_int;
    bytearray_as_string = c"PyByteArray_AsString": fn(*mut Object) -> *mut c_char;
    bytearray_size = c"PyByteArray_Size": fn(*mut Object) -> Size;
    type_flags = c"PyType_GetFlags": fn(*mut Object) -> c_ulong;
    unicode_as_utf8 = c"PyUnicode_AsUTF8AndSize": fn(*mut Object, *mut Size) -> *const c_char;
    unicode_encode_fs = c"PyUnicode_EncodeFSDefault": fn(*mut Object) -> *mut Object;
    unicode_encode = c"PyUnicode_AsEncodedString": fn(*mut Object, *const c_char, *const c_char) -> *mut Object;
    unicode_decode = c"PyUnicode_DecodeUTF8": fn(*const c_char, Size, *const c_char) -> *mut Object;
    bytes_as_string = c"PyBytes_AsString": fn(*mut Object) -> *mut c_char;
    bytes_size = c"PyBytes_Size": fn(*mut Object) -> Size;
    long_as_long_long = c"PyLong_AsLongLong": fn(*mut Object) -> c_longlong;
    long_from_long = c"PyLong_FromLong": fn(c_long) -> *mut Object;
    float_as_double = c"PyFloat_AsDouble": fn(*mut Object) -> f64;
    tuple_size = c"PyTuple_Size": fn(*mut Object) -> Size;
    tuple_item = c"PyTuple_GetItem": fn(*mut Object, Size) -> *mut Object;
    tuple_new = c"PyTuple_New": fn(Size) -> *mut Object;
    tuple_set = c"PyTuple_SetItem": fn(*mut Object, Size, *mut Object) -> c_int;
    list_size = c"PyList_Size": fn(*mut Object) -> Size;
    list_item = c"PyList_GetItem": fn(*mut Object, Size) -> *mut Object;
    dict_next = c"PyDict_Next": fn(*mut Object, *mut Size, *mut *mut Object, *mut *mut Object) -> c_int;
    set_object = c"PyErr_SetObject": fn(*mut Object, *mut Object);
    set_string = c"PyErr_SetString": fn(*mut Object, *const c_char);
    long_as_unsigned_long_long = c"PyLong_AsUnsignedLongLong": fn(*mut Object) -> c_ulonglong;
    error_occurred = c"PyErr_Occurred": fn() -> *mut Object;
    error_clear = c"PyErr_Clear": fn();
    incref = c"Py_IncRef": fn(*mut Object);
    decref = c"Py_DecRef": fn(*mut Object);
    save_thread = c"PyEval_SaveThread": fn() -> *mut c_void;
    restore_thread = c"PyEval_RestoreThread": fn(*mut c_void);
}

// SAFETY: function pointers and addresses of static data of the interpreter, which is never unloaded.
unsafe impl Sync for Api {}
// SAFETY: as above.
unsafe impl Send for Api {}

/// `Py_TPFLAGS_…_SUBCLASS`, fixed since 3.0 (PEP 384 exposes them through `PyType_GetFlags`).
const LONG: c_ulong = 1 << 24;
const LIST: c_ulong = 1 << 25;
const TUPLE: c_ulong = 1 << 26;
const BYTES: c_ulong = 1 << 27;
const UNICODE: c_ulong = 1 << 28;
const DICT: c_ulong = 1 << 29;

/// What an object is, as far as the decoder tells apart. Subclasses count as their base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    None,
    Integer,
    Text,
    Bytes,
    ByteArray,
    List,
    Tuple,
    Dict,
    Float,
    Other,
}

static API: core::sync::atomic::AtomicPtr<Api> =
    core::sync::atomic::AtomicPtr::new(core::ptr::null_mut());
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Adds `hook` to the interpreter, once, if the process holds one. Returns whether it is there now.
pub(crate) fn register(hook: AuditHook) -> bool {
    if REGISTERED.swap(true, Ordering::AcqRel) {
        return true;
    }
    let api = match api() {
        Some(api) => api,
        None => match find() {
            Some(api) => api,
            None => {
                REGISTERED.store(false, Ordering::Release);
                return false;
            }
        },
    };
    entry::watch_allocation(|| {
        // SAFETY: documented as safe before Py_Initialize; the hook is a function of this library, which is never unloaded.
        unsafe { (api.add_audit_hook)(hook, core::ptr::null_mut()) == 0 }
    })
}

/// Finds the functions and publishes them. Called by the one thread that registers the hook for the first time.
fn find() -> Option<&'static Api> {
    struct Place(core::cell::UnsafeCell<Option<Api>>);
    // SAFETY: written once, before API is published, by the thread that `register` let through.
    unsafe impl Sync for Place {}
    static PLACE: Place = Place(core::cell::UnsafeCell::new(None));

    let found = Api::find()?;
    // SAFETY: readers come only through API, which is still null.
    let api = unsafe {
        *PLACE.0.get() = Some(found);
        (*PLACE.0.get()).as_mut()
    }?;
    API.store(api, Ordering::Release);
    Some(api)
}

/// Whether the hook is in an interpreter.
pub(crate) fn is_registered() -> bool {
    REGISTERED.load(Ordering::Acquire)
}

/// Whether an interpreter has been initialised and has not begun to end.
pub(crate) fn is_initialized() -> bool {
    // SAFETY: callable at any time, without a thread state.
    api().is_some_and(|api| unsafe { (api.is_initialized)() } != 0)
}

/// The interpreter is about to forget its hooks: the next [`register`] adds the hook again.
pub(crate) fn forget_registration() {
    entry::prepare_release();
    REGISTERED.store(false, Ordering::Release);
}

/// The interpreter's functions, once [`register`] found them.
#[inline]
pub(crate) fn api() -> Option<&'static Api> {
    let api = API.load(Ordering::Acquire);
    // SAFETY: null, or the static place above, written before the pointer was published and never again.
    unsafe { api.as_ref() }
}

impl Api {
    /// The object's type.
    ///
    /// # Safety
    /// `object` is a live Python object.
    unsafe fn type_of(&self, object: *mut Object) -> *mut Object {
        // SAFETY: `ob_type` is the last field of the header in every CPython (Include/object.h).
        unsafe {
            object
                .cast::<u8>()
                .add(self.header - size_of::<usize>())
                .cast::<*mut Object>()
                .read()
        }
    }

    /// What the object is.
    ///
    /// # Safety
    /// `object` is null or a live Python object, and the thread state is attached.
    pub(crate) unsafe fn kind(&self, object: *mut Object) -> Kind {
        if object.is_null() || object == self.none {
            return Kind::None;
        }
        // SAFETY: the caller's promise.
        let (class, flags) = unsafe {
            let class = self.type_of(object);
            (class, (self.type_flags)(class))
        };
        if flags & LONG != 0 {
            Kind::Integer
        } else if flags & UNICODE != 0 {
            Kind::Text
        } else if flags & BYTES != 0 {
            Kind::Bytes
        } else if flags & TUPLE != 0 {
            Kind::Tuple
        } else if flags & LIST != 0 {
            Kind::List
        } else if flags & DICT != 0 {
            Kind::Dict
        } else {
            match class {
                class if class == self.float_type => Kind::Float,
                class if class == self.bytearray_type => Kind::ByteArray,
                _ => Kind::Other,
            }
        }
    }

    /// Whether an object is True or False, and which.
    pub(crate) fn truth(&self, object: *mut Object) -> Option<bool> {
        match object {
            object if object == self.true_object => Some(true),
            object if object == self.false_object => Some(false),
            _ => None,
        }
    }

    /// A new reference to an item of a list; null if there is none any more.
    ///
    /// # Safety
    /// `list` is a live list, and the thread state is attached.
    pub(crate) unsafe fn new_list_item(&self, list: *mut Object, place: usize) -> *mut Object {
        let place = place as Size;
        // SAFETY: the caller's promise; with the GIL nothing runs between the two calls.
        unsafe {
            let item = match self.free_threading {
                Some(free) => (free.list_item)(list, place),
                None => {
                    let item = (self.list_item)(list, place);
                    (self.incref)(item);
                    item
                }
            };
            if item.is_null() {
                (self.error_clear)();
            }
            item
        }
    }

    /// A new reference to the value that a dict has for a `str`, or null. The dict is gone through: to look it up would
    /// call the `__eq__` of whatever key has the same hash.
    ///
    /// # Safety
    /// `dict` is a live dict, and the thread state is attached.
    pub(crate) unsafe fn new_dict_value(&self, dict: *mut Object, name: &[u8]) -> *mut Object {
        let mut section = CriticalSection([0; 8]);
        let mut place = 0;
        let (mut key, mut value) = (core::ptr::null_mut(), core::ptr::null_mut());
        let mut found = core::ptr::null_mut();
        // SAFETY: the caller's promise; keys and values are borrowed from the dict, which nothing changes meanwhile.
        unsafe {
            if let Some(free) = self.free_threading {
                (free.begin)(&raw mut section, dict);
            }
            while (self.dict_next)(dict, &raw mut place, &raw mut key, &raw mut value) != 0 {
                if self.is_text(key, name) {
                    (self.incref)(value);
                    found = value;
                    break;
                }
            }
            if let Some(free) = self.free_threading {
                (free.end)(&raw mut section);
            }
        }
        found
    }

    /// # Safety
    /// `object` is a live Python object, and the thread state is attached.
    unsafe fn is_text(&self, object: *mut Object, text: &[u8]) -> bool {
        // SAFETY: the caller's promise; the text lives as long as the object.
        unsafe {
            match self.kind(object) {
                Kind::Text => {
                    let mut length = 0;
                    let start = (self.unicode_as_utf8)(object, &raw mut length);
                    if start.is_null() {
                        (self.error_clear)();
                        return false;
                    }
                    core::slice::from_raw_parts(start.cast::<u8>(), length as usize) == text
                }
                Kind::Bytes => {
                    let (start, length) =
                        ((self.bytes_as_string)(object), (self.bytes_size)(object));
                    !start.is_null()
                        && core::slice::from_raw_parts(start.cast::<u8>(), length as usize) == text
                }
                _ => false,
            }
        }
    }

    /// Whether other threads run while this one has its thread state attached.
    pub(crate) fn is_free_threaded(&self) -> bool {
        self.free_threading.is_some()
    }

    /// `tp_name`: `socket.socket` for a class of C, `Path` for one of Python.
    ///
    /// # Safety
    /// `class` is a live type object.
    unsafe fn type_name(&self, class: *mut Object) -> &'static CStr {
        // SAFETY: PyVarObject's ob_size follows the header, then comes tp_name (Include/cpython/object.h, 3.8 to 3.14).
        unsafe {
            let name = class
                .cast::<u8>()
                .add(self.header + size_of::<isize>())
                .cast::<*const c_char>()
                .read();
            if name.is_null() {
                c""
            } else {
                CStr::from_ptr(name)
            }
        }
    }

    /// The name of the object's class.
    ///
    /// # Safety
    /// `object` is a live Python object.
    pub(crate) unsafe fn class_name(&self, object: *mut Object) -> &'static CStr {
        // SAFETY: the caller's promise.
        unsafe { self.type_name(self.type_of(object)) }
    }

    /// The descriptor of a `_socket.socket` (or a subclass): its first own field. `None` for any other object.
    ///
    /// # Safety
    /// `object` is a live Python object.
    pub(crate) unsafe fn socket_descriptor(&self, object: *mut Object) -> Option<c_int> {
        /// `tp_base` behind the header: the same in 3.8 to 3.14 (Include/cpython/object.h).
        const BASE_CLASS: usize = 256 - 16;
        // SAFETY: the caller's promise.
        let mut class = unsafe { self.type_of(object) };
        for _ in 0..32 {
            if class.is_null() {
                return None;
            }
            // SAFETY: `class` is a live type object.
            let name = unsafe { self.type_name(class) }.to_bytes();
            if name == b"_socket.socket" {
                // SAFETY: an instance of a class whose base is `_socket.socket` begins with PySocketSockObject
                // (Modules/socketmodule.h): the descriptor is its first field.
                return Some(unsafe {
                    object.cast::<u8>().add(self.header).cast::<c_int>().read()
                });
            }
            // SAFETY: `class` is a live type object, and tp_base is a pointer in it.
            class = unsafe {
                class
                    .cast::<u8>()
                    .add(self.header + BASE_CLASS)
                    .cast::<*mut Object>()
                    .read()
            };
        }
        None
    }

    /// `PermissionError`, or null while the interpreter has not made it.
    pub(crate) fn permission_error(&self) -> *mut Object {
        // SAFETY: the address of the interpreter's static variable.
        unsafe { self.permission_error.read() }
    }
}
