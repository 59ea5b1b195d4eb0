//! The policy image: checked rules in, bytes out.

mod input;

pub use input::{
    FileRules, HookAction, HookInput, HostEntry, HostList, HostPattern, ImageInput, JournalEvents,
    Mode, NetworkRules, Overflow, PathEntry, PathList, PathPattern, Protocol, RuleText, SocketList,
    TargetHook, TargetPlugin, UnixList, When,
};

/// Lays a policy out as an image.
///
/// # Errors
/// [`BuildError`]
pub fn build(input: &ImageInput) -> Result<Vec<u8>, BuildError> {
    let _ = input;
    Err(BuildError::TooLarge)
}

/// Why a policy cannot be laid out.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// the policy is too large for an image
    #[error("the policy is too large for an image")]
    TooLarge,
}
