//! The image: a policy, laid out to be read where it lies.

use audithook_abi::{Value, Verdict};

use crate::{Context, Judgement, Mode, Overflow, Plan};

/// A policy that was laid out as bytes and checked. Reading it allocates nothing and never fails.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    bytes: &'a [u8],
}

/// Why bytes are no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// not a policy image
    NotAnImage,
    /// made by another version
    OtherVersion,
    /// made for another catalogue of events
    OtherCatalogue,
    /// damaged
    Damaged,
}

/// What messages and the journal say of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// `files.read`, `hook.NAME`, …
    pub id: &'a str,
    /// `hooks.toml:7`
    pub at: &'a str,
    /// The text of the entry, empty if the rule is not about one.
    pub entry: &'a str,
    /// Why, empty if the policy does not say.
    pub reason: &'a str,
    /// What to do about a refusal, empty for nothing.
    pub hint: &'a str,
    /// Never teach the line that would open it.
    pub protected: bool,
}

/// A plugin that is loaded into the target.
#[derive(Clone, Copy, Debug)]
pub struct TargetPlugin<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shared library.
    pub path: &'a [u8],
    /// Its configuration: JSON.
    pub config: &'a str,
    image: Image<'a>,
}

/// A hook of a plugin that is loaded into the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetHook<'a> {
    /// The plugin's function.
    pub function: &'a str,
    /// What `with` gives it: JSON.
    pub with: &'a str,
    /// What a failure amounts to.
    pub on_error: Verdict,
    /// The hook's rule.
    pub rule: u32,
}

impl<'a> Image<'a> {
    /// Checks the whole of an image.
    ///
    /// # Errors
    /// [`ImageError`]: the bytes are no image of this version.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let _ = bytes;
        Err(ImageError::NotAnImage)
    }

    /// Counts the images of a run.
    #[must_use]
    pub fn generation(&self) -> u32 {
        0
    }

    /// What a refusal amounts to.
    #[must_use]
    pub fn mode(&self) -> Mode {
        Mode::Enforce
    }

    /// What a process does when its ring is full.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        Overflow::Wait
    }

    /// What is to be said of the rule with this number.
    #[must_use]
    pub fn rule(&self, number: u32) -> Option<Rule<'a>> {
        let _ = number;
        None
    }

    /// What an event of this name needs. Done once for a name and an image.
    #[must_use]
    pub fn plan(&self, name: &[u8]) -> Plan {
        let _ = name;
        Plan {
            event: audithook_abi::Symbol::NONE,
            operation: audithook_catalogue::Operation::None,
            needs: 0,
            hooks: (0, 0),
            groups: [0; crate::MOST_GROUPS / 64],
        }
    }

    /// Judges one event.
    #[must_use]
    pub fn judge(&self, plan: &Plan, args: &[Value<'_>], context: &Context<'_>) -> Judgement {
        let _ = (plan, args, context);
        Judgement::new(self.mode())
    }

    /// Judges an address that a resolver gave for an allowed name: it is refused if it lies in `deny`, or is private,
    /// loopback or link-local and not itself allowed.
    #[must_use]
    pub fn judge_answer(&self, name: &[u8], address: &[u8; 16]) -> Judgement {
        let _ = (name, address);
        Judgement::new(self.mode())
    }

    /// Whether anything is said of files.
    #[must_use]
    pub fn restricts_files(&self) -> bool {
        false
    }

    /// Whether anything is said of the network.
    #[must_use]
    pub fn restricts_network(&self) -> bool {
        false
    }

    /// Whether anything is said of programs.
    #[must_use]
    pub fn restricts_exec(&self) -> bool {
        false
    }

    /// Whether hosts are known by name, so that what a name resolves to has to be remembered.
    #[must_use]
    pub fn names_hosts(&self) -> bool {
        false
    }

    /// Whether denied files have other names, so that device and inode are wanted.
    #[must_use]
    pub fn knows_inodes(&self) -> bool {
        false
    }

    /// The plugins that are loaded into the target, in the order that [`Judgement::target_hooks`] counts.
    pub fn target_plugins(&self) -> impl Iterator<Item = TargetPlugin<'a>> + use<'a> {
        let _ = self.bytes;
        core::iter::empty()
    }
}

impl<'a> TargetPlugin<'a> {
    /// Its hooks, in the order that [`Judgement::target_hooks`] counts.
    pub fn hooks(&self) -> impl Iterator<Item = TargetHook<'a>> + use<'a> {
        let _ = self.image;
        core::iter::empty()
    }
}
