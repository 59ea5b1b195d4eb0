//! What a plugin says about itself, checked and copied.

use std::collections::BTreeSet;

use audithook_abi::command::CallFn;
use audithook_abi::plugin::{
    ABI_MAJOR, ABI_MINOR, AfterFn, AttachFn, CreateFn, DestroyFn, DetachFn, GateFn, HOOK_AFTER,
    HOOK_GATE, HOOK_OBSERVER, HOOK_PURE, ObserveFn, PLUGIN_IN_TARGET, PLUGIN_MAGIC,
    PLUGIN_OWN_THREADS, PluginInterfaceFn, Sized32, read_sized,
};
use audithook_abi::{RawHook, RawPlugin, RawStr, Verdict};
use serde::{Deserialize, Serialize};

use crate::command::{CommandInfo, read_commands};
use crate::error::Refusal;

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PluginInfo {
    /// A reversed domain name.
    pub id: String,
    /// The word in `[plugin.NAME]`.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// One line.
    pub summary: String,
    /// An SPDX expression.
    pub license: String,
    /// What it was made with; may be empty.
    pub sdk: String,
    /// The ABI that it was compiled for.
    pub abi: (u16, u16),
    /// The oldest minor version of a host that it can live with.
    pub abi_min_minor: u16,
    /// The JSON Schema of `config`; may be empty.
    pub config_schema: String,
    /// It may run inside the program that is watched.
    pub in_target: bool,
    /// It starts threads of its own.
    pub own_threads: bool,
    /// The functions that a policy can name.
    pub hooks: Vec<HookInfo>,
    /// What it does when it is asked.
    pub commands: Vec<CommandInfo>,
}

/// One function that a policy can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HookInfo {
    /// `count` in `bucketing.count`.
    pub name: String,
    /// One line.
    pub summary: String,
    /// The JSON Schema of `with`; may be empty.
    pub with_schema: String,
    /// What it can be attached as.
    pub kinds: Kinds,
    /// The same event always gets the same answer, and nothing else happens.
    pub pure: bool,
    /// The verdict that the author means an error to have; the policy's `on-error` decides.
    #[serde(with = "verdict_word")]
    pub on_failure: Verdict,
}

/// A verdict as its word.
mod verdict_word {
    use audithook_abi::Verdict;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        verdict: &Verdict,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(verdict.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Verdict, D::Error> {
        let word = String::deserialize(deserializer)?;
        let verdict = Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word);
        verdict.ok_or_else(|| D::Error::custom("not a verdict"))
    }
}

/// What a hook can be attached as. A gate with an after is an around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds {
    /// Runs before and may veto.
    pub gate: bool,
    /// Runs when the operation ended.
    pub after: bool,
    /// Holds nothing up.
    pub observer: bool,
}

/// A checked descriptor: what it says, and its functions.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) info: PluginInfo,
    /// In the order of `info.hooks`.
    pub(crate) hooks: Vec<HookFunctions>,
    /// In the order of `info.commands`.
    pub(crate) commands: Vec<CallFn>,
    pub(crate) create: CreateFn,
    pub(crate) destroy: DestroyFn,
    /// There whenever there is a hook.
    pub(crate) attachments: Option<(AttachFn, DetachFn)>,
    pub(crate) get_interface: Option<PluginInterfaceFn>,
}

/// The functions of one hook, and its place in the plugin's own array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HookFunctions {
    pub(crate) place: u32,
    pub(crate) gate: Option<GateFn>,
    pub(crate) after: Option<AfterFn>,
    pub(crate) observe: Option<ObserveFn>,
}

const MOST_HOOKS: u32 = 256;
const LONGEST_SCHEMA: u64 = 1 << 20;

impl Descriptor {
    /// Checks and copies a descriptor.
    ///
    /// # Safety
    /// `raw` is null or what the entry function of a plugin returned: static storage, readable to the sizes, counts and
    /// lengths that it states itself.
    pub(crate) unsafe fn read(raw: *const RawPlugin) -> Result<Self, Refusal> {
        if raw.is_null() {
            return Err(Refusal::OffersNothing);
        }
        if !raw.is_aligned() {
            return Err(broken("its address is odd"));
        }
        // SAFETY: readable, as the caller promises. The first eight bytes are read before the size is believed.
        let magic = unsafe { (&raw const (*raw).magic).read() };
        if magic != PLUGIN_MAGIC {
            return Err(Refusal::WrongMagic(magic));
        }
        // SAFETY: every version has at least these fields in these places (rule 2 of the header), and the magic is right.
        let (major, minor) = unsafe {
            (
                (&raw const (*raw).abi_major).read(),
                (&raw const (*raw).abi_minor).read(),
            )
        };
        if major != ABI_MAJOR {
            return Err(Refusal::OtherMajor { major, minor });
        }
        // SAFETY: as the caller promises.
        let plugin =
            unsafe { read_sized(raw) }.map_err(Refusal::too_small::<RawPlugin>("ah_plugin"))?;
        if plugin.abi_min_minor > ABI_MINOR {
            let least = plugin.abi_min_minor;
            return Err(Refusal::NeedsLaterMinor { least });
        }
        // SAFETY: as the caller promises.
        unsafe { Self::of(&plugin) }
    }

    /// # Safety
    /// As [`Descriptor::read`].
    unsafe fn of(plugin: &RawPlugin) -> Result<Self, Refusal> {
        // SAFETY: as the caller promises.
        let (hooks, commands) =
            unsafe { (read_hooks(plugin)?, read_commands(plugin.get_interface)?) };
        let attachments = plugin.attach.zip(plugin.detach);
        if attachments.is_none() && !hooks.is_empty() {
            return Err(broken("`attach` or `detach` is NULL"));
        }
        let (hook_infos, hooks) = hooks.into_iter().unzip();
        let (command_infos, commands) = commands.into_iter().unzip();
        // SAFETY: as the caller promises.
        let info = unsafe {
            PluginInfo {
                id: text("id", plugin.id, 256)?,
                name: name("name", plugin.name)?,
                version: text("version", plugin.version, 64)?,
                summary: text("summary", plugin.summary, 1024)?,
                license: text("license", plugin.license, 256)?,
                sdk: text("sdk", plugin.sdk, 256)?,
                abi: (plugin.abi_major, plugin.abi_minor),
                abi_min_minor: plugin.abi_min_minor,
                config_schema: text("config_schema", plugin.config_schema, LONGEST_SCHEMA)?,
                in_target: plugin.flags & PLUGIN_IN_TARGET != 0,
                own_threads: plugin.flags & PLUGIN_OWN_THREADS != 0,
                hooks: hook_infos,
                commands: command_infos,
            }
        };
        Ok(Self {
            info,
            hooks,
            commands,
            create: plugin.create.ok_or_else(|| broken("`create` is NULL"))?,
            destroy: plugin.destroy.ok_or_else(|| broken("`destroy` is NULL"))?,
            attachments,
            get_interface: plugin.get_interface,
        })
    }

    /// The command of this name.
    pub(crate) fn command(&self, name: &str) -> Option<(&CommandInfo, CallFn)> {
        let place = self
            .info
            .commands
            .iter()
            .position(|command| command.name == name)?;
        Some((&self.info.commands[place], self.commands[place]))
    }

    /// The hook of this name.
    pub(crate) fn hook(&self, name: &str) -> Option<(&HookInfo, HookFunctions)> {
        let place = self.info.hooks.iter().position(|hook| hook.name == name)?;
        Some((&self.info.hooks[place], self.hooks[place]))
    }
}

/// # Safety
/// As [`Descriptor::read`].
unsafe fn read_hooks(plugin: &RawPlugin) -> Result<Vec<(HookInfo, HookFunctions)>, Refusal> {
    // SAFETY: as the caller promises.
    let raw: Vec<RawHook> = unsafe {
        read_array(
            "ah_hook",
            plugin.hooks,
            plugin.n_hooks,
            plugin.hook_stride,
            MOST_HOOKS,
        )
    }?;
    let mut names = BTreeSet::new();
    let mut hooks = Vec::new();
    for (place, hook) in (0..).zip(&raw) {
        // SAFETY: as the caller promises.
        let Some((info, functions)) = (unsafe { read_hook(place, hook) })? else {
            continue;
        };
        if !names.insert(info.name.clone()) {
            return Err(broken(format!("two hooks are called `{}`", info.name)));
        }
        hooks.push((info, functions));
    }
    Ok(hooks)
}

/// Copies an array of structs that may be shorter or longer than this version's.
///
/// # Safety
/// `first` points to `count` structs, `stride` bytes apart, each readable to the size that it states, or one of the
/// numbers is absurd.
pub(crate) unsafe fn read_array<T: Sized32>(
    what: &'static str,
    first: *const T,
    count: u32,
    stride: u32,
    most: u32,
) -> Result<Vec<T>, Refusal> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if first.is_null() || !first.is_aligned() {
        return Err(broken(format!("the array of `{what}` is NULL or odd")));
    }
    if count > most {
        return Err(broken(format!("{count} `{what}` of at most {most}")));
    }
    if stride < T::SIZE_1_0 || !(stride as usize).is_multiple_of(align_of::<T>()) {
        return Err(broken(format!("the stride of `{what}` is {stride}")));
    }
    (0..count)
        .map(|place| {
            // SAFETY: the caller's promise.
            let (size, read) = unsafe {
                let one = first.byte_add(place as usize * stride as usize);
                (one.cast::<u32>().read(), read_sized(one))
            };
            if size > stride {
                return Err(broken(format!(
                    "`{what}` {place} has {size} bytes, the stride is {stride}"
                )));
            }
            read.map_err(Refusal::too_small::<T>(what))
        })
        .collect()
}

/// Copies an array of structs that never grow.
///
/// # Safety
/// `first` points to `count` of them, or one of the numbers is absurd.
pub(crate) unsafe fn read_plain_array<T: Copy>(
    what: &'static str,
    first: *const T,
    count: u32,
    most: u32,
) -> Result<Vec<T>, Refusal> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if first.is_null() || !first.is_aligned() {
        return Err(broken(format!("`{what}` is NULL or odd")));
    }
    if count > most {
        return Err(broken(format!("{count} `{what}` of at most {most}")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(first, count as usize) }.to_vec())
}

/// `None` for a hook of kinds that only a later version knows.
///
/// # Safety
/// As [`Descriptor::read`].
unsafe fn read_hook(
    place: u32,
    hook: &RawHook,
) -> Result<Option<(HookInfo, HookFunctions)>, Refusal> {
    let kinds = Kinds {
        gate: hook.kinds & HOOK_GATE != 0,
        after: hook.kinds & HOOK_AFTER != 0,
        observer: hook.kinds & HOOK_OBSERVER != 0,
    };
    if kinds == Kinds::default() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let name = unsafe { name("a hook's name", hook.name) }?;
    for (offered, there, function) in [
        (kinds.gate, hook.gate.is_some(), "gate"),
        (kinds.after, hook.after.is_some(), "after"),
        (kinds.observer, hook.observe.is_some(), "observe"),
    ] {
        if offered && !there {
            return Err(broken(format!("`{function}` of hook `{name}` is NULL")));
        }
    }
    let on_failure = u8::try_from(hook.on_failure)
        .ok()
        .and_then(Verdict::from_number);
    // SAFETY: as the caller promises.
    let info = unsafe {
        HookInfo {
            summary: text("a hook's summary", hook.summary, 1024)?,
            with_schema: text("a hook's with_schema", hook.with_schema, LONGEST_SCHEMA)?,
            kinds,
            pure: hook.flags & HOOK_PURE != 0,
            on_failure: on_failure.unwrap_or(Verdict::Deny),
            name,
        }
    };
    let functions = HookFunctions {
        place,
        gate: hook.gate.filter(|_| kinds.gate),
        after: hook.after.filter(|_| kinds.after),
        observe: hook.observe.filter(|_| kinds.observer),
    };
    Ok(Some((info, functions)))
}

/// # Safety
/// The bytes are readable if the length is not absurd.
pub(crate) unsafe fn text(what: &str, raw: RawStr, longest: u64) -> Result<String, Refusal> {
    if raw.len > longest {
        let length = raw.len;
        return Err(broken(format!(
            "`{what}` has {length} bytes of at most {longest}"
        )));
    }
    if raw.ptr.is_null() && raw.len > 0 {
        return Err(broken(format!("`{what}` is NULL")));
    }
    // SAFETY: as the caller promises.
    let bytes = unsafe { raw.bytes() };
    let text = std::str::from_utf8(bytes).map_err(|_| broken(format!("`{what}` is not UTF-8")))?;
    if text
        .chars()
        .any(|letter| letter.is_control() && letter != '\n')
    {
        return Err(broken(format!("`{what}` has control characters")));
    }
    Ok(text.to_owned())
}

/// # Safety
/// As [`text`].
pub(crate) unsafe fn name(what: &str, raw: RawStr) -> Result<String, Refusal> {
    // SAFETY: as the caller promises.
    let text = unsafe { text(what, raw, 64) }?;
    if !is_name(&text) {
        return Err(broken(format!(
            "`{what}` is no name: `{text}` (1 to 64 of `a-z 0-9 - _`, a letter first)"
        )));
    }
    Ok(text)
}

/// Whether this may be the name of a plugin, a function or a parameter: 1 to 64 of `a-z 0-9 - _`, a letter first.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

pub(crate) fn broken(what: impl Into<String>) -> Refusal {
    Refusal::Broken(what.into())
}
