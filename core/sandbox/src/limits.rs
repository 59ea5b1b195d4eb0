//! Limits of resources (getrlimit(2)).

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{Confinement, ConfinementError};

pub(crate) fn set(confinement: &Confinement) -> Result<(), ConfinementError> {
    let limit = |what, resource, most| {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(|error| ConfinementError::Privilege {
            what,
            reason: error.kind().to_string(),
        })
    };
    limit("the limit of memory", Resource::Data, confinement.memory)?;
    limit(
        "the limit of open files",
        Resource::Nofile,
        confinement.open_files,
    )?;
    // What a crash leaves holds what the plugin was told.
    limit("the limit of core files", Resource::Core, 0)?;
    limit("the limit of locked memory", Resource::Memlock, 0)?;
    limit("the limit of message queues", Resource::Msgqueue, 0)
}
