//! [`Policy`] to [`ImageInput`]: the checked rules as the plain data that the image is made of.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use audithook_abi::Verdict;
use audithook_catalogue::{EVENTS, Journalled};

use crate::document::Placement;
use crate::image::{
    self, FileRules, HookAction, HookInput, HostEntry, HostList, ImageInput, JournalEvents,
    NetworkRules, PathEntry, PathList, PathPattern, SocketList, TargetHook, TargetPlugin, UnixList,
};
use crate::model::{
    Action, Allowed, CallKind, Do, Entry, Hook, HostRule, OnError, PathRule, Policy, UnixRule, When,
};

impl Policy {
    /// What the image of this policy is made of.
    #[must_use]
    pub fn image_input(&self, generation: u32) -> ImageInput {
        let mut target_plugins = Vec::new();
        let hooks = self
            .hooks
            .iter()
            .filter_map(|hook| self.hook_input(hook, &mut target_plugins))
            .collect();
        ImageInput {
            generation,
            mode: self.mode,
            rules: self.rules.clone(),
            files: self.file_rules(),
            network: self.network_rules(),
            exec: self.process.exec.as_ref().map(|list| self.programs(list)),
            command: self.command.as_deref().map(bytes_of),
            uncovered: self
                .process
                .uncovered
                .as_ref()
                .filter(|switch| !switch.allowed)
                .map(|switch| switch.rule),
            hooks,
            journal: self.journal_events(),
            overflow: self.journal.overflow,
            target_plugins,
        }
    }

    fn file_rules(&self) -> FileRules {
        let own = |paths: &[PathBuf]| {
            paths
                .iter()
                .map(|path| own_entry(path, self.own.rule))
                .collect()
        };
        let list = |list: &Option<Allowed<PathRule>>| {
            let list = list.as_ref()?;
            let mut made = path_list(list);
            // The fresh directory is the program's own, to read as well as to write.
            if let Some(dir) = &self.private_tmp {
                made.entries.push(own_entry(dir, list.rule));
            }
            Some(made)
        };
        FileRules {
            read: list(&self.files.read),
            write: list(&self.files.write),
            deny: path_entries(&self.files.deny),
            except: path_entries(&self.files.except),
            own_write: own(&self.own.write),
            own_any: own(&self.own.any),
            own_reach: own(&self.own.reach),
            inodes: self.files.deny.iter().flat_map(inodes).collect(),
        }
    }

    /// What may run: the list, and what the command itself leads to.
    fn programs(&self, list: &Allowed<PathRule>) -> PathList {
        let mut made = path_list(list);
        let behind = self.behind_command.iter();
        made.entries
            .extend(behind.map(|program| own_entry(program, list.rule)));
        made
    }

    fn network_rules(&self) -> NetworkRules {
        let network = &self.network;
        let hosts = |list: &Option<Allowed<HostRule>>| {
            list.as_ref().map(|list| HostList {
                rule: list.rule,
                entries: list.entries.iter().flat_map(host_entries).collect(),
            })
        };
        NetworkRules {
            connect: hosts(&network.connect),
            bind: hosts(&network.bind),
            deny: network.deny.iter().flat_map(host_entries).collect(),
            loopback: network
                .loopback
                .as_ref()
                .map(|switch| (switch.allowed, switch.rule)),
            unix: network.unix.as_ref().map(|list| self.unix_list(list)),
            sockets: network.sockets.as_ref().map(|list| SocketList {
                rule: list.rule,
                names: list
                    .entries
                    .iter()
                    .map(|entry| entry.text.clone())
                    .collect(),
            }),
        }
    }

    /// Sockets in the fresh directory are the run's own, too: `multiprocessing` puts those of its managers there.
    fn unix_list(&self, list: &Allowed<UnixRule>) -> UnixList {
        let mut made = UnixList {
            rule: list.rule,
            ..UnixList::default()
        };
        for entry in &list.entries {
            match &entry.value {
                UnixRule::Path(rule) => made.paths.extend(patterns(rule, entry.rule)),
                UnixRule::Name(name) => made.names.push((name.clone(), entry.rule)),
            }
        }
        if let Some(dir) = &self.private_tmp {
            made.paths.push(own_entry(dir, list.rule));
        }
        made
    }

    /// `None`: nothing for a target to do, because nothing runs before or beside the event.
    fn hook_input(&self, hook: &Hook, target_plugins: &mut Vec<TargetPlugin>) -> Option<HookInput> {
        let action = match &hook.action {
            Action::Do(Do::Deny) => HookAction::Verdict(Verdict::Deny),
            Action::Do(Do::Warn) => HookAction::Verdict(Verdict::Warn),
            Action::Do(Do::Kill) => HookAction::Verdict(Verdict::Kill),
            Action::Do(Do::Log) => HookAction::Log,
            Action::Call {
                plugin,
                function,
                with,
            } => match hook.kind {
                Some(CallKind::Observer) => HookAction::Observe,
                // Events of a target have no end that anybody sees: the design offers afters to other sources only.
                Some(CallKind::After) => return None,
                Some(CallKind::Gate) | None => {
                    self.gate(hook, plugin, function, with, target_plugins)
                }
            },
        };
        Some(HookInput {
            on: hook.on.clone(),
            when: match &hook.when {
                When::Always => image::When::Always,
                When::Table(arguments) => image::When::Table(arguments.clone()),
                When::Cel(_) => image::When::Cel,
            },
            action,
            rule: hook.rule,
        })
    }

    fn gate(
        &self,
        hook: &Hook,
        plugin: &str,
        function: &str,
        with: &serde_json::Value,
        target_plugins: &mut Vec<TargetPlugin>,
    ) -> HookAction {
        let Some(declared) = self
            .plugin(plugin)
            .filter(|declared| declared.placement == Some(Placement::Target))
        else {
            return HookAction::Gate;
        };
        let place = target_plugins
            .iter()
            .position(|known| known.name == plugin)
            .unwrap_or_else(|| {
                target_plugins.push(TargetPlugin {
                    name: plugin.to_owned(),
                    path: declared.path.as_deref().map(bytes_of).unwrap_or_default(),
                    config: declared.config.to_string(),
                    hooks: Vec::new(),
                });
                target_plugins.len() - 1
            });
        let hooks = &mut target_plugins[place].hooks;
        hooks.push(TargetHook {
            function: function.to_owned(),
            with: with.to_string(),
            on_error: match hook.on_error() {
                OnError::Deny => Verdict::Deny,
                OnError::Allow | OnError::Disable => Verdict::Allow,
            },
        });
        HookAction::TargetGate {
            plugin: place as u32,
            hook: hooks.len() as u32 - 1,
        }
    }

    fn journal_events(&self) -> JournalEvents {
        let mut made = JournalEvents::default();
        for name in &self.journal.events {
            if name != "@default" {
                made.names.push(name.clone());
                continue;
            }
            made.custom = true;
            made.names.extend(
                EVENTS
                    .iter()
                    .filter(|event| event.journalled != Journalled::WhenNamed)
                    .map(|event| event.name.to_owned()),
            );
        }
        made
    }
}

fn path_list(list: &Allowed<PathRule>) -> PathList {
    PathList {
        rule: list.rule,
        entries: path_entries(&list.entries),
    }
}

fn path_entries(entries: &[Entry<PathRule>]) -> Vec<PathEntry> {
    entries
        .iter()
        .flat_map(|entry| patterns(&entry.value, entry.rule))
        .collect()
}

fn patterns(rule: &PathRule, number: u32) -> impl Iterator<Item = PathEntry> + '_ {
    rule.patterns.iter().map(move |pattern| PathEntry {
        pattern: pattern.clone(),
        rule: number,
    })
}

fn host_entries(entry: &Entry<HostRule>) -> impl Iterator<Item = HostEntry> + '_ {
    entry.value.hosts.iter().map(|host| HostEntry {
        host: host.clone(),
        ports: entry.value.ports,
        protocol: entry.value.protocol,
        rule: entry.rule,
    })
}

/// Denied files are known by device and inode too: a hard link is another name of the same secret.
fn inodes(entry: &Entry<PathRule>) -> Vec<(u64, u64, u32)> {
    entry
        .value
        .patterns
        .iter()
        .filter_map(|pattern| match pattern {
            PathPattern::Literal(path) => Some(path),
            PathPattern::Glob(_) => None,
        })
        .filter_map(|path| std::fs::symlink_metadata(std::ffi::OsStr::from_bytes(path)).ok())
        .filter(std::fs::Metadata::is_file)
        .map(|meta| (meta.dev(), meta.ino(), entry.rule))
        .collect()
}

fn own_entry(path: &Path, rule: u32) -> PathEntry {
    PathEntry {
        pattern: PathPattern::Literal(bytes_of(path)),
        rule,
    }
}

fn bytes_of(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}
