//! Tables as the `arrow` crates make them, handed over through the C stream interface.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use audithook_abi::arrow::ArrowArrayStream;

/// A table that has not been handed over yet.
pub(crate) struct Table(FFI_ArrowArrayStream);

impl Table {
    /// Moves the stream to the place that the host gave.
    ///
    /// # Safety
    /// `place` is the host's own, and holds no stream yet.
    pub(crate) unsafe fn move_to(&mut self, place: *mut ArrowArrayStream) {
        const {
            assert!(size_of::<FFI_ArrowArrayStream>() == size_of::<ArrowArrayStream>());
            assert!(align_of::<FFI_ArrowArrayStream>() == align_of::<ArrowArrayStream>());
        }
        let stream = std::mem::replace(&mut self.0, FFI_ArrowArrayStream::empty());
        // SAFETY: the same struct of the same interface, and the caller's promise.
        unsafe { ptr::write(place.cast(), stream) };
    }
}

/// The stream of a reader. What panics in it is an error of the stream: nothing unwinds into the host.
pub(crate) fn handed_over(reader: impl RecordBatchReader + Send + 'static) -> Table {
    let guarded = Guarded {
        schema: reader.schema(),
        reader: Some(reader),
    };
    Table(FFI_ArrowArrayStream::new(Box::new(guarded)))
}

struct Guarded<R> {
    schema: SchemaRef,
    /// Gone after a panic: its destructor would run over what that left behind.
    reader: Option<R>,
}

impl<R: RecordBatchReader> Iterator for Guarded<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        catch_unwind(AssertUnwindSafe(|| reader.next())).unwrap_or_else(|_| {
            std::mem::forget(self.reader.take());
            Some(Err(ArrowError::ExternalError(
                "the command panicked".into(),
            )))
        })
    }
}

impl<R: RecordBatchReader> RecordBatchReader for Guarded<R> {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}
