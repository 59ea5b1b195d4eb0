//! Several documents to one: lists concatenate, of other values the last one stands.

use crate::document::{Document, Items, List, Plugin};

/// How a list adds to one that is already there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As a file adds to what it extends: entries take the place of `"any"`.
    Extend,
    /// As a flag adds to a file: `"any"` stays.
    Add,
}

/// Puts a document over another.
pub(super) fn merge(base: &mut Document, over: Document, manner: Manner) {
    replace(&mut base.version, over.version);
    replace(&mut base.default, over.default);
    replace(&mut base.mode, over.mode);
    replace(&mut base.require, over.require);
    replace(&mut base.degrade, over.degrade);
    replace(&mut base.lock, over.lock);

    list(&mut base.files.read, over.files.read, manner);
    list(&mut base.files.write, over.files.write, manner);
    list(&mut base.files.deny, over.files.deny, manner);
    replace(&mut base.files.tmp, over.files.tmp);
    replace(&mut base.files.r#static, over.files.r#static);

    list(&mut base.network.connect, over.network.connect, manner);
    list(&mut base.network.bind, over.network.bind, manner);
    list(&mut base.network.deny, over.network.deny, manner);
    replace(&mut base.network.loopback, over.network.loopback);
    list(&mut base.network.unix, over.network.unix, manner);
    list(&mut base.network.sockets, over.network.sockets, manner);

    list(&mut base.process.exec, over.process.exec, manner);
    replace(&mut base.process.signal, over.process.signal);
    replace(&mut base.process.uncovered, over.process.uncovered);
    replace(&mut base.process.inherit_fds, over.process.inherit_fds);

    list(&mut base.env.pass, over.env.pass, manner);
    list(&mut base.env.deny, over.env.deny, manner);
    base.env.set.extend(over.env.set);

    replace(&mut base.limits.memory, over.limits.memory);
    replace(&mut base.limits.processes, over.limits.processes);
    replace(&mut base.limits.open_files, over.limits.open_files);
    replace(&mut base.limits.cpu, over.limits.cpu);
    replace(&mut base.limits.wall, over.limits.wall);
    replace(&mut base.limits.file_size, over.limits.file_size);

    replace(&mut base.journal.path, over.journal.path);
    list(&mut base.journal.events, over.journal.events, manner);
    replace(&mut base.journal.on_overflow, over.journal.on_overflow);
    replace(&mut base.journal.rotate, over.journal.rotate);

    for (name, over) in over.plugin {
        match base.plugin.entry(name) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(over);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                plugin(place.get_mut(), over)
            }
        }
    }
    base.hook.extend(over.hook);
    base.test.extend(over.test);
}

fn plugin(base: &mut Plugin, over: Plugin) {
    replace(&mut base.path, over.path);
    replace(&mut base.sha256, over.sha256);
    replace(&mut base.placement, over.placement);
    replace(&mut base.config, over.config);
    let (sandbox, over_sandbox) = (&mut base.sandbox, over.sandbox);
    list(&mut sandbox.read, over_sandbox.read, Manner::Extend);
    list(&mut sandbox.write, over_sandbox.write, Manner::Extend);
    replace(&mut sandbox.network, over_sandbox.network);
    replace(&mut sandbox.memory, over_sandbox.memory);
    replace(&mut sandbox.open_files, over_sandbox.open_files);
    replace(&mut sandbox.timeout, over_sandbox.timeout);
    base.origin = over.origin;
}

fn replace<T>(base: &mut Option<T>, over: Option<T>) {
    if over.is_some() {
        *base = over;
    }
}

fn list(base: &mut Option<List>, over: Option<List>, manner: Manner) {
    let Some(over) = over else {
        return;
    };
    let before = base.take().map(|list| list.items);
    let items = match (before, over.items) {
        (_, Items::Any) => Items::Any,
        (Some(Items::Any), Items::Entries(_)) if manner == Manner::Add => Items::Any,
        (Some(Items::Entries(mut entries)), Items::Entries(more)) => {
            entries.extend(more);
            Items::Entries(entries)
        }
        (_, entries) => entries,
    };
    *base = Some(List {
        origin: over.origin,
        items,
    });
}
