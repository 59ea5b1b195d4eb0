//! The presets that come with audithook: commented files in `presets/`.

/// One preset.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// Its name in `extends`.
    pub name: &'static str,
    /// Its text, a hooks.toml.
    pub text: &'static str,
}

impl Preset {
    /// What it is for: its first comment.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches(['#', ' '])
    }
}

/// All presets.
pub const PRESETS: [Preset; 6] = [
    Preset {
        name: "base",
        text: include_str!("../presets/base.toml"),
    },
    Preset {
        name: "python",
        text: include_str!("../presets/python.toml"),
    },
    Preset {
        name: "pip",
        text: include_str!("../presets/pip.toml"),
    },
    Preset {
        name: "git",
        text: include_str!("../presets/git.toml"),
    },
    Preset {
        name: "node",
        text: include_str!("../presets/node.toml"),
    },
    Preset {
        name: "cc",
        text: include_str!("../presets/cc.toml"),
    },
];

/// The preset of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    PRESETS.iter().map(|preset| preset.name)
}
