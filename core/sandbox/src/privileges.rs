//! Capabilities, and what others may do to the process.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

use crate::ConfinementError;

pub(crate) fn drop_all() -> Result<(), ConfinementError> {
    let failed = |what| {
        move |error: rustix::io::Errno| ConfinementError::Privilege {
            what,
            reason: error.kind().to_string(),
        }
    };
    set_no_new_privs(true).map_err(failed("`no_new_privs`"))?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none).map_err(failed("the capabilities"))?;
    // The programs of a run have the same user: they must not trace it, nor read its memory (ptrace(2)).
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed("`dumpable`"))
}
