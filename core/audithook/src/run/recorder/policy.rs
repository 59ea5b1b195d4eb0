//! Putting a policy in force: at the beginning of a run, and when it is loaded again.
//!
//! Plugins are loaded first, for only they know which hooks have a say; then the image is made and written, then the hooks
//! are attached, and at last the processes of the tree are told. What fails before that leaves the policy before in force.

use std::sync::Arc;

use audithook_abi::{Value, Verdict};
use audithook_bus::{Event, Hook};
use audithook_catalogue::{arg, event};
use audithook_loader::Services;
use audithook_policy::Policy;
use audithook_policy::image::JournalEvents;

use super::Recorder;
use crate::hooks::{BuiltHooks, Libraries, Live, Scope, SearchPath};
use crate::run::bridge;

impl Recorder {
    /// Puts the policy of the settings in force: as the next generation, unless to the processes of the tree it is the same.
    pub(super) fn publish(&mut self, mut built: BuiltHooks) -> Result<(), String> {
        let rules = self.settings.policy.rules();
        let last = self.generations.last();
        let next = if last > 0 && self.generations.is_last(&self.image(last)?, rules) {
            None
        } else {
            let image = self.image(last + 1)?;
            Some(self.generations.prepare(image, rules)?)
        };
        let number = next.as_ref().map_or(last, |_| last + 1);
        let not_written = |error| format!("the policy image cannot be written: {error}");
        if let Some(next) = &next {
            self.directory
                .write_image(number, next.bytes())
                .map_err(not_written)?;
        }
        let mut hooks = std::mem::take(&mut built.hooks);
        hooks.push(self.listen_to_the_bus());
        if let Err(error) = self.bus.replace(hooks) {
            if next.is_some() {
                self.directory.remove_image(number);
            }
            return Err(format!("the hooks cannot be attached: {error}"));
        }
        if let Some(next) = next {
            self.directory.put_in_force(number).map_err(not_written)?;
            self.generations.add(next);
        }
        for plugin in built.plugins.iter().filter(|plugin| !plugin.kept) {
            let path = plugin.path.as_os_str().as_encoded_bytes();
            self.own(
                event::PLUGIN_LOAD,
                self.own_process,
                Verdict::Allow,
                &[
                    Value::str(&plugin.name).named(arg::PLUGIN),
                    Value::str(&plugin.version).named(arg::VERSION),
                    Value::path(path).named(arg::PATH),
                    Value::str(&plugin.sha256).named(arg::SHA256),
                    Value::str(plugin.placement).named(arg::PLACEMENT),
                ],
            );
        }
        self.published.set(number, built);
        Ok(())
    }

    /// The image of the settings' policy.
    fn image(&self, generation: u32) -> Result<Vec<u8>, String> {
        let mut input = self.settings.policy.image_input(generation);
        if !self.ledger.has_journal() {
            // Nobody reads what would only be journalled: it need not cross the ring.
            input.journal = JournalEvents::default();
        }
        audithook_policy::image::build(&input).map_err(|error| bridge::chain(&error))
    }

    /// What the bus itself raises (failures, quarantine, losses) goes into the journal.
    fn listen_to_the_bus(&self) -> Hook {
        let sender = self.bus_sender.clone();
        Hook::observe(["plugin.error", "plugin.quarantined", "bus.lost"])
            .named("audithook.journal")
            .inline()
            .with(move |event: &Event<'_>| {
                if event.seq > 0 {
                    // It has been journalled, and is shown: a process said it.
                    return;
                }
                // The recorder outlives the bus's events; at its end nobody is left to be told.
                let _ = sender.send(bridge::encode(event, &bridge::meta(event)));
            })
    }

    /// Compiles the policy again. Returns what waits for the next start.
    pub(super) fn try_reload(&mut self) -> Result<Vec<String>, String> {
        if self.settings.policy.lock {
            return Err("the policy is locked: `lock = true`".into());
        }
        let mut policy = (self.settings.reload)()?;
        let waits = bridge::fixed_at_start(&self.settings.policy, &policy);
        let built = build(&mut policy, &self.services, &self.published.live())?;
        let before = std::mem::replace(&mut self.settings.policy, policy);
        if let Err(error) = self.publish(built) {
            self.settings.policy = before;
            return Err(error);
        }
        Ok(waits)
    }
}

/// Loads the plugins, and tells the policy what they are: its image is to be made afterwards. Goes on with the instances of
/// the policy before, where they are what it asks for.
pub(super) fn build(
    policy: &mut Policy,
    services: &Arc<dyn Services>,
    before: &[Live],
) -> Result<BuiltHooks, String> {
    Libraries::open(policy, &SearchPath::from_environment())
        .and_then(|libraries| libraries.attach_beside(policy, Scope::Supervisor, services, before))
        .map_err(|error| bridge::chain(&error))
}
