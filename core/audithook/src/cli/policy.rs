//! Where a policy comes from, and whether it may be used.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use audithook::hooks::{Libraries, SearchPath};
use audithook_policy::{
    Diagnostics, FlagOverrides, Input, LoadContext, Loaded, Policy, Severity, TrustStore, Trusted,
    load, read_bounded,
};

use super::arguments::PolicyFlags;
use super::failure::Failure;
use super::terminal::Terminal;
use super::trust::unusable;

/// The policy that is used without `-c`.
pub(super) const DEFAULT_FILE: &str = "hooks.toml";

/// What a policy is made of. Loading it again gives what has become of it.
#[derive(Clone)]
pub(super) struct Choice {
    from: From,
    pub(super) flags: FlagOverrides,
    pub(super) context: LoadContext,
}

#[derive(Clone, PartialEq, Eq)]
enum From {
    /// Named by the user, which is trust.
    Named(PathBuf),
    /// ./hooks.toml, which nobody named.
    Found,
    Stdin(String),
    Flags,
}

impl Choice {
    /// What these arguments name: a file, standard input, ./hooks.toml, or flags alone.
    pub(super) fn of(
        config: Option<&Path>,
        flags: FlagOverrides,
        command: Vec<OsString>,
    ) -> Result<Self, Failure> {
        let context = LoadContext::current(command)
            .map_err(|error| Failure::new(format!("there is no current directory: {error}")))?;
        let from = match config {
            Some(file) if file == Path::new("-") => From::Stdin(standard_input()?),
            Some(file) => From::Named(file.to_owned()),
            None if Path::new(DEFAULT_FILE).exists() => From::Found,
            None if speak(&flags) => From::Flags,
            None => return Err(no_policy()),
        };
        Ok(Self {
            from,
            flags,
            context,
        })
    }

    /// What a command's FILE names, or ./hooks.toml.
    pub(super) fn of_file(file: Option<&Path>) -> Result<Self, Failure> {
        if file.is_none() && !Path::new(DEFAULT_FILE).exists() {
            return Err(
                Failure::new(format!("there is no policy: `{DEFAULT_FILE}`"))
                    .hinted("name a file, or write one to start from with `audithook init`"),
            );
        }
        Self::of(file, FlagOverrides::default(), Vec::new())
    }

    pub(super) fn load(&self) -> Result<Loaded, Diagnostics> {
        let input = match &self.from {
            From::Named(file) => Input::File(file),
            From::Found => Input::File(Path::new(DEFAULT_FILE)),
            From::Stdin(text) => Input::Text {
                name: "standard input",
                text,
            },
            From::Flags => Input::Flags,
        };
        load(input, &self.flags, &self.context)
    }

    /// Loads the policy and says what is odd about it.
    pub(super) fn load_and_warn(&self, terminal: &mut Terminal) -> Result<Policy, Failure> {
        let loaded = self.load().map_err(Failure::Invalid)?;
        warn(&loaded.findings, terminal);
        Ok(loaded.policy)
    }

    /// Loads a policy whose plugins are going to be loaded: their code is trusted only where the policy is.
    pub(super) fn load_with_plugins(&self, terminal: &mut Terminal) -> Result<Policy, Failure> {
        let mut policy = self.load_and_warn(terminal)?;
        if !policy.plugins.is_empty() {
            self.demand_trust(&mut policy)?;
        }
        Ok(policy)
    }

    /// Refuses ./hooks.toml unless its user recorded that they read it as it is, and holds its plugins to what they were then.
    pub(super) fn demand_trust(&self, policy: &mut Policy) -> Result<(), Failure> {
        let Some(trusted) = self.trusted(policy)? else {
            return Ok(());
        };
        match trusted {
            Trusted::Yes(plugins) => {
                Libraries::hold_to(policy, &plugins, &SearchPath::from_environment())
                    .map_err(Failure::Invalid)
            }
            Trusted::Changed => Err(Failure::new(format!(
                "the policy is not what you trusted: `{DEFAULT_FILE}` or a file that it extends has changed"
            ))
            .hinted(TRUST_HINT)),
            Trusted::Never => {
                Err(Failure::new(format!("the policy is not trusted: `{DEFAULT_FILE}`")).hinted(TRUST_HINT))
            }
        }
    }

    /// What is known of ./hooks.toml; `None` for what its user named, which needs no record.
    pub(super) fn trusted(&self, policy: &Policy) -> Result<Option<Trusted>, Failure> {
        match self.from {
            From::Found => match TrustStore::of(&self.context) {
                Some(store) => store.check(policy).map(Some).map_err(unusable),
                None => Ok(Some(Trusted::Never)),
            },
            From::Named(_) | From::Stdin(_) | From::Flags => Ok(None),
        }
    }

    /// The record that ./hooks.toml is trusted by.
    pub(super) fn trusted_by(&self, policy: &Policy) -> Option<PathBuf> {
        match self.from {
            From::Found => TrustStore::of(&self.context)?.record_of(policy),
            From::Named(_) | From::Stdin(_) | From::Flags => None,
        }
    }

    /// The flags alone, if they say something: what is left of a choice whose file is not trusted.
    pub(super) fn without_file(&self) -> Option<Self> {
        speak(&self.flags).then(|| Self {
            from: From::Flags,
            ..self.clone()
        })
    }

    /// How messages call it.
    pub(super) fn name(&self) -> String {
        match &self.from {
            From::Named(file) => file.display().to_string(),
            From::Found => DEFAULT_FILE.to_owned(),
            From::Stdin(_) => "standard input".to_owned(),
            From::Flags => "the flags".to_owned(),
        }
    }
}

const TRUST_HINT: &str =
    "read it, then `audithook trust`; `-c hooks.toml` takes it as it is, for this time";

/// Writes warnings; notes are for `check` and `plan`.
pub(super) fn warn(findings: &Diagnostics, terminal: &mut Terminal) {
    let (color, width) = (terminal.paint_err().is_on(), terminal.width_err());
    let warnings = findings.only_at_least(Severity::Warning);
    // Nobody is left to be told that it cannot be said.
    let _ = write!(terminal.err(), "{}", warnings.render_within(color, width));
}

pub(super) fn overrides(flags: &PolicyFlags) -> FlagOverrides {
    FlagOverrides {
        read: flags.read.clone(),
        write: flags.write.clone(),
        connect: flags.connect.clone(),
        exec: flags.exec.clone(),
        env: flags.env.clone(),
        preset: flags.preset.clone(),
        mode: flags.mode.clone(),
        no_network: flags.no_network,
        ..FlagOverrides::default()
    }
}

/// Whether flags amount to a policy of their own.
fn speak(flags: &FlagOverrides) -> bool {
    let lists = [
        &flags.read,
        &flags.write,
        &flags.connect,
        &flags.exec,
        &flags.env,
        &flags.preset,
    ];
    lists.iter().any(|list| !list.is_empty())
        || flags.mode.is_some()
        || flags.no_network
        || flags.observe
}

fn no_policy() -> Failure {
    Failure::new(format!("there is no policy: no `-c`, no `{DEFAULT_FILE}` here, and no flags that make one"))
        .hinted("`audithook init` writes one to start from; `audithook run --observe` refuses nothing and only records")
}

fn standard_input() -> Result<String, Failure> {
    let bytes = read_bounded(io::stdin().lock());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    text.map_err(|error| {
        Failure::new(format!(
            "cannot read the policy from standard input: {error}"
        ))
    })
}
