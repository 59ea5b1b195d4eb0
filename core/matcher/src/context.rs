//! What a judgement needs to know beside the arguments.

/// What the process knows that the arguments do not say.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// What this process resolved.
    pub names: &'c dyn Names,
    /// Device and inode of the file, where it has several names and [`Image::knows_inodes`](crate::Image::knows_inodes).
    pub inode: Option<(u64, u64)>,
}

impl Context<'_> {
    /// Nothing is known.
    pub const NONE: Context<'static> = Context {
        names: &NoNames,
        inode: None,
    };
}

impl core::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Context")
            .field("inode", &self.inode)
            .finish_non_exhaustive()
    }
}

/// The names that a process resolved, under the policy, to addresses.
pub trait Names {
    /// Calls `visit` with every name that was allowed and resolved to this address, and whose answer
    /// [`Image::judge_answer`](crate::Image::judge_answer) let pass. The address is in the form of
    /// [`host::canonical`](crate::host::canonical): what a resolver gave is to be brought into it before it is remembered.
    fn each(&self, address: &[u8; 16], visit: &mut dyn FnMut(&[u8]));
}

/// No name was resolved.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl Names for NoNames {
    fn each(&self, _: &[u8; 16], _: &mut dyn FnMut(&[u8])) {}
}
