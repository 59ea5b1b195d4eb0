//! The Arrow C data and C stream interfaces, as Apache Arrow publishes them: <https://arrow.apache.org/docs/format/CStreamInterface.html>.

use core::ffi::{c_char, c_int, c_void};

/// The order of a dictionary's values means something.
pub const ARROW_FLAG_DICTIONARY_ORDERED: i64 = 1;
/// The field may be null.
pub const ARROW_FLAG_NULLABLE: i64 = 2;
/// The keys of a map are sorted.
pub const ARROW_FLAG_MAP_KEYS_SORTED: i64 = 4;

/// `struct ArrowSchema` of the Arrow C data interface.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowSchema {
    /// The type.
    pub format: *const c_char,
    /// The field's name.
    pub name: *const c_char,
    /// Key and value pairs.
    pub metadata: *const c_char,
    /// `ARROW_FLAG_…`
    pub flags: i64,
    /// How many children.
    pub n_children: i64,
    /// The fields of a struct.
    pub children: *mut *mut Self,
    /// The type of a dictionary's values.
    pub dictionary: *mut Self,
    /// Ends it; NULL once it has ended.
    pub release: Option<unsafe extern "C" fn(*mut Self)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// `struct ArrowArray` of the Arrow C data interface.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArray {
    /// How many elements.
    pub length: i64,
    /// How many of them are null; -1 if that is not known.
    pub null_count: i64,
    /// The first element's place in the buffers.
    pub offset: i64,
    /// How many buffers.
    pub n_buffers: i64,
    /// How many children.
    pub n_children: i64,
    /// The buffers.
    pub buffers: *mut *const c_void,
    /// The columns of a struct.
    pub children: *mut *mut Self,
    /// A dictionary's values.
    pub dictionary: *mut Self,
    /// Ends it; NULL once it has ended.
    pub release: Option<unsafe extern "C" fn(*mut Self)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// `struct ArrowArrayStream` of the Arrow C stream interface.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArrayStream {
    /// The schema of all batches.
    pub get_schema: Option<unsafe extern "C" fn(*mut Self, *mut ArrowSchema) -> c_int>,
    /// The next batch; one that is released already at the end.
    pub get_next: Option<unsafe extern "C" fn(*mut Self, *mut ArrowArray) -> c_int>,
    /// What the last error was, in words.
    pub get_last_error: Option<unsafe extern "C" fn(*mut Self) -> *const c_char>,
    /// Ends it; NULL once it has ended.
    pub release: Option<unsafe extern "C" fn(*mut Self)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

impl ArrowArrayStream {
    /// A place for a stream: released already.
    pub const NONE: Self = Self {
        get_schema: None,
        get_next: None,
        get_last_error: None,
        release: None,
        private_data: core::ptr::null_mut(),
    };
}
