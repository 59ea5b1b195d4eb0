//! The policy image: checked rules in, bytes out.
//!
//! [`build`] lays an [`ImageInput`] out in the format that [`audithook_matcher::format`] describes; every hooked process maps
//! the result and judges with [`audithook_matcher::Image`]. What takes time happens here, once: braces are expanded, globs are
//! taken apart and put where a look-up finds them, networks are cut into intervals.

#[cfg(any(test, feature = "oracle"))]
pub mod generate;
mod glob;
mod hooks;
mod hosts;
mod input;
mod layout;
#[cfg(test)]
mod meaning;
#[cfg(any(test, feature = "oracle"))]
pub mod naive;
mod paths;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use audithook_matcher::Image;
use audithook_matcher::format::{Field, NONE, Section, class};

pub use glob::{GlobError, check_path_glob, check_text_glob};
pub(crate) use hooks::event_patterns;
pub use input::{
    FileRules, HookAction, HookInput, HostEntry, HostList, HostPattern, ImageInput, JournalEvents,
    Mode, NetworkRules, Overflow, PathEntry, PathList, PathPattern, Protocol, RuleText, SocketList,
    TargetHook, TargetPlugin, UnixList, When,
};

use layout::{Layout, MapBuilder};
use paths::PathsBuilder;

/// Lays a policy out as an image.
///
/// # Errors
/// [`BuildError`]: an entry that the checks before should have refused, or a policy beyond the format's bounds.
pub fn build(input: &ImageInput) -> Result<Vec<u8>, BuildError> {
    check_rules(input)?;
    let mut layout = Layout::new();
    layout.set(Field::Generation, input.generation);
    layout.set(Field::Mode, input.mode as u32);
    layout.set(Field::Overflow, input.overflow as u32);
    write_texts(&mut layout, input)?;
    write_lists(&mut layout, input);
    write_paths(&mut layout, input)?;
    hosts::write(&mut layout, &input.network)?;
    write_names(&mut layout, input)?;
    hooks::write(&mut layout, input)?;
    let image = layout.finish()?;
    debug_assert!(Image::parse(&image).is_ok(), "what is built can be read");
    Ok(image)
}

/// Why a policy cannot be laid out.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// the policy is too large for an image
    #[error("the policy is too large for an image")]
    TooLarge,
    /// the hooks name events by more than 256 different sets of patterns
    #[error("the hooks name events by more than 256 different sets of patterns")]
    TooManyEventPatterns,
    /// not a glob
    #[error("not a glob: `{glob}`")]
    Glob {
        /// The pattern.
        glob: String,
        /// What is wrong.
        #[source]
        error: GlobError,
    },
    /// not an absolute path without `.` and `..`
    #[error("not an absolute path without `.` and `..`: `{0}`")]
    NotResolved(String),
    /// not a host name in lower-case A-labels
    #[error("not a host name in lower-case A-labels: `{0}`")]
    Host(String),
    /// a network has at most 128 bits
    #[error("a network has at most 128 bits: `{0}`")]
    Prefix(u8),
    /// the ports run backwards
    #[error("the ports run backwards: `{0}-{1}`")]
    Ports(u16, u16),
    /// no such rule
    #[error("no such rule: `{0}`")]
    NoSuchRule(u32),
    /// no such hook of a plugin in the target
    #[error("no such hook of a plugin in the target: `{0}`, `{1}`")]
    NoSuchTargetHook(u32, u32),
    /// a hook in the target whose condition only the supervisor can evaluate
    #[error("a hook in the target whose condition only the supervisor can evaluate: rule `{0}`")]
    OpenTargetHook(u32),
}

fn check_rules(input: &ImageInput) -> Result<(), BuildError> {
    let FileRules {
        read,
        write,
        deny,
        except,
        own_write,
        own_any,
        own_reach,
        inodes,
    } = &input.files;
    let NetworkRules {
        connect,
        bind,
        deny: deny_hosts,
        loopback,
        unix,
        sockets,
    } = &input.network;
    let lists = [read, write, &input.exec];
    let hosts = [connect, bind];
    let lists_of_entries = lists
        .iter()
        .filter_map(|list| list.as_ref())
        .map(|list| &list.entries);
    let paths = lists_of_entries
        .chain([deny, except, own_write, own_any, own_reach])
        .chain(unix.as_ref().map(|unix| &unix.paths))
        .flatten();
    let names = unix.iter().flat_map(|unix| &unix.names);
    let mut rules: BTreeSet<u32> = paths.map(|entry| entry.rule).collect();
    rules.extend(
        lists
            .iter()
            .filter_map(|list| list.as_ref())
            .map(|list| list.rule),
    );
    rules.extend(
        hosts
            .iter()
            .filter_map(|list| list.as_ref())
            .map(|list| list.rule),
    );
    rules.extend(
        hosts
            .iter()
            .filter_map(|list| list.as_ref())
            .flat_map(|list| &list.entries)
            .chain(deny_hosts)
            .map(|entry| entry.rule),
    );
    rules.extend(inodes.iter().map(|&(_, _, rule)| rule));
    rules.extend(loopback.map(|(_, rule)| rule));
    rules.extend(unix.as_ref().map(|unix| unix.rule));
    rules.extend(names.map(|&(_, rule)| rule));
    rules.extend(sockets.as_ref().map(|sockets| sockets.rule));
    rules.extend(input.uncovered);
    rules.extend(input.hooks.iter().map(|hook| hook.rule));
    match rules.last() {
        Some(&last) if last as usize >= input.rules.len() => Err(BuildError::NoSuchRule(last)),
        _ => Ok(()),
    }
}

fn write_texts(layout: &mut Layout, input: &ImageInput) -> Result<(), BuildError> {
    for rule in &input.rules {
        let mut fields = Vec::new();
        for text in [&rule.id, &rule.at, &rule.entry, &rule.reason, &rule.hint] {
            let (offset, length) = layout.text(text.as_bytes())?;
            fields.extend([offset, length]);
        }
        fields.push(rule.protected.into());
        layout.push(Section::Rules, &fields)?;
    }
    layout
        .section(Section::Command)
        .extend(input.command.iter().flatten());
    Ok(())
}

/// Writes which lists there are.
fn write_lists(layout: &mut Layout, input: &ImageInput) {
    let (files, network) = (&input.files, &input.network);
    let path_list = |list: &Option<PathList>| list.as_ref().map(|list| list.rule);
    let host_list = |list: &Option<HostList>| list.as_ref().map(|list| list.rule);
    let first = |entries: &[PathEntry]| entries.iter().map(|entry| entry.rule).min();
    for (field, rule) in [
        (Field::Read, path_list(&files.read)),
        (Field::Write, path_list(&files.write)),
        (Field::Deny, first(&files.deny)),
        (Field::OwnWrite, first(&files.own_write)),
        (Field::OwnAny, first(&files.own_any)),
        (Field::Exec, path_list(&input.exec)),
        (Field::Uncovered, input.uncovered),
        (Field::Connect, host_list(&network.connect)),
        (Field::Bind, host_list(&network.bind)),
        (
            Field::DenyHost,
            network.deny.iter().map(|entry| entry.rule).min(),
        ),
        (Field::Loopback, network.loopback.map(|(_, rule)| rule)),
        (Field::Unix, network.unix.as_ref().map(|unix| unix.rule)),
        (
            Field::Sockets,
            network.sockets.as_ref().map(|sockets| sockets.rule),
        ),
    ] {
        layout.set(field, rule.unwrap_or(NONE));
    }
    let allowed = network.loopback.is_some_and(|(allowed, _)| allowed);
    layout.set(Field::LoopbackAllowed, allowed.into());
}

fn write_paths(layout: &mut Layout, input: &ImageInput) -> Result<(), BuildError> {
    let files = &input.files;
    let mut paths = PathsBuilder::new()?;
    for (class, list) in [
        (class::READ, &files.read),
        (class::WRITE, &files.write),
        (class::EXEC, &input.exec),
    ] {
        if let Some(list) = list {
            paths.add_all(class, &list.entries)?;
        }
    }
    paths.add_all(class::DENY, &files.deny)?;
    paths.add_all(class::EXCEPT, &files.except)?;
    paths.add_all(class::OWN_WRITE, &files.own_write)?;
    paths.add_all(class::OWN_ANY, &files.own_any)?;
    paths.add_all(class::OWN_REACH, &files.own_reach)?;
    if let Some(unix) = &input.network.unix {
        paths.add_all(class::UNIX, &unix.paths)?;
    }
    for &(device, inode, rule) in &files.inodes {
        paths.add_inode(device, inode, rule)?;
    }
    paths.finish(layout)
}

/// Writes the names of abstract sockets, and of kinds of sockets.
fn write_names(layout: &mut Layout, input: &ImageInput) -> Result<(), BuildError> {
    let mut abstracts = MapBuilder::<()>::new();
    for (name, _) in input.network.unix.iter().flat_map(|unix| &unix.names) {
        abstracts.key(0, name.as_bytes())?;
    }
    let mut sockets = MapBuilder::<()>::new();
    for name in input
        .network
        .sockets
        .iter()
        .flat_map(|sockets| &sockets.names)
    {
        sockets.key(0, name.as_bytes())?;
    }
    let nothing = |_: &mut Layout, _: &[()]| Ok((0, 0));
    abstracts.finish(
        layout,
        (Section::AbstractSlots, Section::AbstractRecords),
        nothing,
    )?;
    sockets.finish(
        layout,
        (Section::SocketSlots, Section::SocketRecords),
        nothing,
    )
}
