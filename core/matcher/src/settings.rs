//! The few settings of a policy that every process needs.

use audithook_abi::Verdict;

/// What a refusal amounts to: `mode` in hooks.toml.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Refusals refuse.
    #[default]
    Enforce = 0,
    /// Refusals become warnings.
    Warn = 1,
    /// Nothing is judged; hooks that only look still see.
    Off = 2,
}

impl Mode {
    /// The mode with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Enforce),
            1 => Some(Self::Warn),
            2 => Some(Self::Off),
            _ => None,
        }
    }

    /// The word in hooks.toml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }

    /// What a verdict amounts to, and what it would have been if that is something else.
    #[must_use]
    pub const fn apply(self, said: Verdict) -> (Verdict, Option<Verdict>) {
        match self {
            Self::Enforce => (said, None),
            Self::Warn if said.refuses() => (Verdict::Warn, Some(said)),
            Self::Warn => (said, None),
            Self::Off => match said {
                Verdict::Allow => (said, None),
                _ => (Verdict::Allow, Some(said)),
            },
        }
    }
}

/// What a process does when its ring is full: `[journal] on-overflow`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Overflow {
    /// Waits for room.
    #[default]
    Wait = 0,
    /// Drops the record and counts it.
    Drop = 1,
    /// Ends the run.
    Abort = 2,
}

impl Overflow {
    /// The setting with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Wait),
            1 => Some(Self::Drop),
            2 => Some(Self::Abort),
            _ => None,
        }
    }

    /// The word in hooks.toml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Drop => "drop",
            Self::Abort => "abort",
        }
    }
}

/// What an entry of `[network]` speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Protocol {
    /// Every protocol.
    #[default]
    Any = 0,
    /// Everything that is not a datagram.
    Tcp = 1,
    /// Datagrams.
    Udp = 2,
}

impl Protocol {
    /// The protocol with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Any),
            1 => Some(Self::Tcp),
            2 => Some(Self::Udp),
            _ => None,
        }
    }
}
