//! Where the journal goes.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use audithook_journal::{Rotation, RunId, Writer};
use audithook_policy::Policy;
use audithook_policy::model::JournalTarget;

use super::bridge;

/// Where the journal goes.
#[derive(Debug)]
pub(super) enum JournalOutput {
    /// A file; `{run}` stands for the run's name.
    File(PathBuf, Rotation),
    /// An open descriptor.
    Descriptor(OwnedFd),
    /// Nowhere.
    None,
}

impl JournalOutput {
    /// What the policy says; `--journal` is part of it.
    pub(super) fn choose(policy: &Policy) -> Result<Self, String> {
        match &policy.journal.target {
            JournalTarget::File(path) => Ok(Self::File(
                PathBuf::from(path),
                Rotation {
                    max_bytes: policy.journal.rotate_size.unwrap_or(0),
                    keep: u32::try_from(policy.journal.rotate_keep).unwrap_or(u32::MAX),
                },
            )),
            JournalTarget::Descriptor(number) => audithook_supervisor::take_descriptor(*number)
                .map(Self::Descriptor)
                .map_err(|error| {
                    format!("the journal's descriptor cannot be used: `fd:{number}`: {error}")
                }),
            JournalTarget::None => Ok(Self::None),
        }
    }

    /// Opens it for this run.
    pub(super) fn open(self, run: &RunId) -> Result<Option<Writer>, String> {
        match self {
            Self::None => Ok(None),
            Self::Descriptor(descriptor) => Ok(Some(Writer::from_fd(descriptor))),
            Self::File(path, rotation) => Writer::open(&path, run, rotation)
                .map(Some)
                .map_err(|error| bridge::chain(&error)),
        }
    }
}
