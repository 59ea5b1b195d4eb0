//! Plugins' instances with what is attached to them. A policy that is loaded again goes on with those that it asks for as
//! before: what they have counted is not lost.

use audithook_loader::{AttachError, Attachment};
use audithook_policy::model;

use super::Library;
use super::placed::{Attached, Instance};

/// One instance, and what it was made of.
#[derive(Clone)]
pub(crate) struct Live {
    /// The plugin's name.
    name: String,
    config: String,
    instance: Instance,
    attached: Vec<(Request, Attached)>,
    /// What was attached for the policy before, and has not been asked for again.
    earlier: Vec<(Request, Attached)>,
}

/// What is asked of a plugin's function.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Request {
    function: String,
    with: String,
    name: String,
    on: Vec<String>,
}

impl Request {
    pub(super) fn of(hook: &model::Hook, function: &str, with: &str) -> Self {
        Self {
            function: function.to_owned(),
            with: with.to_owned(),
            name: hook.id(),
            on: hook.on.clone(),
        }
    }
}

impl Live {
    pub(super) fn new(name: &str, config: String, instance: Instance) -> Self {
        Self {
            name: name.to_owned(),
            config,
            instance,
            attached: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// The same instance, for another policy.
    pub(super) fn again(&self) -> Self {
        Self {
            attached: Vec::new(),
            earlier: self.attached.clone(),
            ..self.clone()
        }
    }

    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Whether this is what a new instance would be: of the same file with the same content, and made from the same
    /// configuration. One that panicked is not gone on with.
    pub(super) fn is_as(&self, library: &Library, config: &str) -> bool {
        self.name == library.name && self.config == config && self.instance.is_of(&library.plugin)
    }

    /// Attaches a function, unless it was attached in the same way before.
    pub(super) fn attach(&mut self, request: Request) -> Result<Attached, AttachError> {
        let earlier = self.earlier.iter().position(|(asked, _)| *asked == request);
        let attached = match earlier {
            Some(place) => self.earlier.swap_remove(place).1,
            None => {
                let on: Vec<&str> = request.on.iter().map(String::as_str).collect();
                self.instance.attach(&Attachment {
                    function: &request.function,
                    with: &request.with,
                    name: &request.name,
                    on: &on,
                })?
            }
        };
        self.attached.push((request, attached.clone()));
        Ok(attached)
    }

    /// Everything has been asked for.
    pub(super) fn settle(&mut self) {
        self.earlier.clear();
    }
}
