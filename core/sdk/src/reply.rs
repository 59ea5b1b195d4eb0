//! What a gate says beside its verdict.

use std::fmt;
use std::marker::PhantomData;

use audithook_abi::{RawReply, RawStr, Verdict};

use crate::Host;

/// What a gate says beside its verdict.
pub struct Reply<'a> {
    raw: *mut RawReply,
    host: &'a Host,
    lifetime: PhantomData<&'a mut RawReply>,
}

impl<'a> Reply<'a> {
    /// # Safety
    /// `raw` is null or the reply of the running function, and nobody else uses it for `'a`.
    #[inline]
    pub(crate) const unsafe fn new(raw: *mut RawReply, host: &'a Host) -> Self {
        Self {
            raw,
            host,
            lifetime: PhantomData,
        }
    }

    /// Says why, for the message of a refusal and the journal: at most 1024 bytes; the last call wins.
    pub fn reason(&mut self, reason: impl fmt::Display) {
        if let Some(set_reason) = self.host.table().set_reason {
            let reason = reason.to_string();
            // SAFETY: the host's own function, context and reply; the text is readable during the call.
            unsafe { set_reason(self.host.table().ctx, self.raw, RawStr::new(&reason)) };
        }
    }

    /// [`Verdict::Warn`], with its reason.
    pub fn warn(&mut self, reason: impl fmt::Display) -> Verdict {
        self.reason(reason);
        Verdict::Warn
    }

    /// [`Verdict::Deny`], with its reason.
    pub fn deny(&mut self, reason: impl fmt::Display) -> Verdict {
        self.reason(reason);
        Verdict::Deny
    }

    /// [`Verdict::Kill`], with its reason.
    pub fn kill(&mut self, reason: impl fmt::Display) -> Verdict {
        self.reason(reason);
        Verdict::Kill
    }

    /// Leaves 64 bits for the after of the same hook.
    pub fn set_cookie(&mut self, cookie: u64) {
        // SAFETY: null or the host's reply, which is ours while the function runs; every version has a cookie.
        if let Some(reply) = unsafe { self.raw.as_mut() } {
            reply.cookie = cookie;
        }
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
