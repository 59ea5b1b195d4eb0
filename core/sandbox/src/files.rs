//! Files, by Landlock.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope,
};

use crate::{Confinement, ConfinementError};

/// What every library may need: other libraries, the time zone, randomness. What does not exist is left out.
const SYSTEM: [&str; 11] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
];

/// What the resolver of names reads.
const RESOLVER: [&str; 6] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/ssl/certs",
];

/// The newest rights that this knows; an older kernel is asked for those that it has.
const KNOWN: ABI = ABI::V6;

pub(crate) fn restrict(confinement: &Confinement) -> Result<(), ConfinementError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(KNOWN)))
        .and_then(|ruleset| match confinement.network {
            true => Ok(ruleset),
            false => ruleset.handle_access(AccessNet::from_all(KNOWN)),
        })
        .and_then(Ruleset::create)
        .map_err(refused)?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let resolver = RESOLVER.iter().filter(|_| confinement.network);
    for path in SYSTEM.iter().chain(resolver).map(Path::new) {
        // A system that lacks one of these has no use for it.
        if path.exists() {
            ruleset = allow(ruleset, path, read)?;
        }
    }
    for path in &confinement.read {
        ruleset = allow(ruleset, path, read)?;
    }
    for path in &confinement.write {
        let write = AccessFs::from_all(KNOWN)
            & !(AccessFs::Execute
                | AccessFs::MakeBlock
                | AccessFs::MakeChar
                | AccessFs::MakeSock
                | AccessFs::IoctlDev);
        ruleset = allow(ruleset, path, write)?;
    }
    let status = ruleset.restrict_self().map_err(refused)?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(ConfinementError::NoLandlock),
        _ => Ok(()),
    }
}

fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, ConfinementError> {
    let opened = PathFd::new(path).map_err(|error| ConfinementError::Path {
        path: path.to_owned(),
        reason: reason(&error),
    })?;
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(KNOWN)
    };
    ruleset
        .add_rule(PathBeneath::new(opened, access))
        .map_err(refused)
}

fn refused(error: RulesetError) -> ConfinementError {
    ConfinementError::Landlock(reason(&error))
}

/// The last cause, without the system's number.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    match last.downcast_ref::<std::io::Error>() {
        Some(error) => error.kind().to_string(),
        None => last.to_string(),
    }
}
