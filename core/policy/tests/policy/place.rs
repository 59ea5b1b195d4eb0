//! A directory of its own for each test: a project, a home, programs in `PATH`.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use audithook_abi::Verdict;
use audithook_matcher::{Context, Image, NoNames};
use audithook_policy::arguments::{self, Argument};
use audithook_policy::{
    Diagnostics, FlagOverrides, Input, LoadContext, Loaded, Policy, Severity, image, load,
};

pub(crate) struct Place {
    _dir: tempfile::TempDir,
    pub(crate) root: PathBuf,
    pub(crate) context: LoadContext,
}

impl Place {
    /// The project is the start directory: it has `script.py` and `data/`.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().canonicalize().expect("a path");
        let project = root.join("project");
        let env: Vec<(OsString, OsString)> =
            vec![("PATH".into(), root.join("bin").into_os_string())];
        let place = Self {
            context: LoadContext {
                start_dir: project,
                home: Some(root.join("home")),
                env: env.into_iter().collect(),
                ..LoadContext::default()
            },
            _dir: dir,
            root,
        };
        for dir in ["project/data", "home", "bin"] {
            std::fs::create_dir_all(place.root.join(dir)).expect("made");
        }
        place.file("script.py", "");
        place
    }

    /// A file of the project.
    pub(crate) fn file(&self, path: &str, text: &str) -> PathBuf {
        let file = self.context.start_dir.join(path);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("made");
        std::fs::write(&file, text).expect("written");
        file
    }

    /// A program in `PATH`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let file = self.root.join("bin").join(name);
        std::fs::write(&file, "").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("set");
        file
    }

    pub(crate) fn load(&self, text: &str) -> Result<Loaded, Diagnostics> {
        self.load_with(text, &FlagOverrides::default())
    }

    pub(crate) fn load_with(
        &self,
        text: &str,
        flags: &FlagOverrides,
    ) -> Result<Loaded, Diagnostics> {
        self.file("hooks.toml", text);
        load(Input::File(Path::new("hooks.toml")), flags, &self.context)
    }

    pub(crate) fn policy(&self, text: &str) -> Policy {
        match self.load(text) {
            Ok(loaded) => loaded.policy,
            Err(found) => panic!("{found}"),
        }
    }

    /// All that is said about a text, warnings included, with the place's own path taken out.
    pub(crate) fn said(&self, text: &str) -> String {
        let found = match self.load(text) {
            Ok(loaded) => loaded.findings,
            Err(found) => {
                assert!(found.has_errors(), "no policy and no error");
                found
            }
        };
        let texts: Vec<_> = found
            .at_least(Severity::Warning)
            .map(|diagnostic| diagnostic.render(false))
            .collect();
        self.without_root(&texts.join("\n"))
    }

    pub(crate) fn without_root(&self, text: &str) -> String {
        text.replace(self.root.to_str().expect("text"), "[ROOT]")
    }

    /// The verdict of an event, and the rules that say so.
    pub(crate) fn judge(
        &self,
        policy: &Policy,
        event: &str,
        args: &[(&str, &str)],
    ) -> (Verdict, Vec<String>) {
        let mut owned: Vec<(String, Argument)> = args
            .iter()
            .map(|(name, text)| {
                let argument =
                    arguments::parse(event, name, text, &self.context).expect("an argument");
                ((*name).to_owned(), argument)
            })
            .collect();
        arguments::complete(event, &mut owned);
        judge(policy, event, &owned)
    }
}

/// What the compiled policy says.
pub(crate) fn judge(
    policy: &Policy,
    event: &str,
    args: &[(String, Argument)],
) -> (Verdict, Vec<String>) {
    let bytes = image::build(&policy.image_input(1)).expect("an image");
    let image = Image::parse(&bytes).expect("a good image");
    let plan = image.plan(event.as_bytes());
    let symbol = |name: &str| {
        audithook_catalogue::arg_symbol(name.as_bytes()).expect("an argument of the catalogue")
    };
    arguments::with_values(args, symbol, |values| {
        let context = Context {
            names: &NoNames,
            inode: None,
        };
        let judgement = image.judge(&plan, values, &context);
        let rules = judgement
            .rules()
            .iter()
            .map(|number| policy.rules()[*number as usize].id.clone())
            .collect();
        (judgement.verdict, rules)
    })
}
