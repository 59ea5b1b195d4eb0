//! What a hook says about an event.

use core::fmt;

/// The answer of a gate, ordered by strength: `kill > deny > warn > allow`.
///
/// The numbers are the ABI's: a gate returns one of them, or a negative status.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The operation may happen.
    #[default]
    Allow = 0,
    /// The operation may happen and is recorded as a warning.
    Warn = 1,
    /// The operation is refused.
    Deny = 2,
    /// The operation is refused and the whole run ends.
    Kill = 3,
}

impl Verdict {
    /// All verdicts, weakest first.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Warn, Self::Deny, Self::Kill];

    /// The verdict with this ABI number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Allow),
            1 => Some(Self::Warn),
            2 => Some(Self::Deny),
            3 => Some(Self::Kill),
            _ => None,
        }
    }

    /// The word that policies, journals and messages use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
            Self::Kill => "kill",
        }
    }

    /// Whether the operation must not happen.
    #[must_use]
    pub const fn refuses(self) -> bool {
        matches!(self, Self::Deny | Self::Kill)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::str::FromStr for Verdict {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
            .ok_or(())
    }
}

/// Who raised an event.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The Rust API, a plugin, or the command line.
    App = 0,
    /// The C audit hook inside an unmodified interpreter: testimony.
    Cpython = 1,
    /// A libc function that the preload library interposes: testimony.
    Libc = 2,
    /// The kernel (seccomp user notification): held.
    Kernel = 3,
}

impl Source {
    /// The source with this ABI number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::App),
            1 => Some(Self::Cpython),
            2 => Some(Self::Libc),
            3 => Some(Self::Kernel),
            _ => None,
        }
    }

    /// The word that journals use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Cpython => "cpython",
            Self::Libc => "libc",
            Self::Kernel => "kernel",
        }
    }
}
