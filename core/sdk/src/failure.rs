//! How a hook says that it could not do its work.

use std::borrow::Cow;
use std::fmt;

use audithook_abi::status;

/// What the functions of a plugin return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a hook failed: not a verdict. The policy's `on-error` decides what becomes of the operation.
///
/// Any error becomes a failure through `?`; the constructors say what kind it is.
// In a box: what a hook returns when nothing fails then fits into registers.
pub struct Failure(Box<Inner>);

struct Inner {
    status: i32,
    reason: Cow<'static, str>,
}

impl Failure {
    /// Something failed.
    #[must_use]
    pub fn error(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(status::ERROR, reason)
    }

    /// An argument is missing or cannot be read; or, from `create` and `attach`: the configuration is refused.
    #[must_use]
    pub fn bad_argument(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(status::BAD_ARG, reason)
    }

    /// Not offered, by this plugin or by the host.
    #[must_use]
    pub fn unsupported(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(status::UNSUPPORTED, reason)
    }

    /// Not now.
    #[must_use]
    pub fn again(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(status::AGAIN, reason)
    }

    /// Out of memory, or beyond a limit.
    #[must_use]
    pub fn out_of_memory(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::with_status(status::NOMEM, reason)
    }

    /// Any number, for plugins that test their host: what is no error of the ABI is an error all the same.
    #[must_use]
    pub fn with_status(status: i32, reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            status,
            reason: reason.into(),
        }))
    }

    /// The ABI's number.
    #[must_use]
    pub fn status(&self) -> i32 {
        self.0.status
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason(), self.status())
    }
}

// `Failure` is no `Error` itself, or this would be a second conversion of it into itself.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::error(error.to_string())
    }
}
