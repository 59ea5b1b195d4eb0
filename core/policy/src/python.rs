//! What the interpreters need that the command and `PATH` lead to: `@python`, `@venv`, `@program`, `${PYTHON_PREFIX}`.
//!
//! Found by looking, without running anything: a policy may be checked before it is trusted.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::context::LoadContext;
use crate::paths;
use crate::programs::{PathIndex, behind};

/// The interpreters of a context.
#[derive(Debug, Clone, Default)]
pub struct Pythons {
    /// Directories and files that must be readable for them to start and import. Resolved.
    pub read: Vec<PathBuf>,
    /// The interpreters themselves, and what leads to them. Resolved.
    pub programs: Vec<PathBuf>,
    /// `sys.prefix` of the command's interpreter, or of the first `python3` in `PATH`.
    pub prefix: Option<PathBuf>,
    /// The virtual environment of the command, or the one that is active.
    pub venv: Option<PathBuf>,
    /// The script or directory that the command gives its interpreter to run.
    pub program: Option<PathBuf>,
    /// Whether the command runs an interpreter.
    pub runs_python: bool,
}

impl Pythons {
    /// Looks at the command, at `PATH`, and at `VIRTUAL_ENV`, `PYTHONHOME` and `PYTHONPATH`.
    #[must_use]
    pub fn find(context: &LoadContext) -> Self {
        Self::find_in(context, &PathIndex::new(context))
    }

    pub(crate) fn find_in(context: &LoadContext, index: &PathIndex) -> Self {
        let mut search = Search {
            context,
            read: BTreeSet::new(),
            programs: BTreeSet::new(),
            seen: BTreeSet::new(),
        };
        let own = command_interpreter(context);
        let prefix = own.as_ref().and_then(|own| search.add(&own.interpreter));
        let mut first = None;
        for file in index.programs(|name| is_python(Path::new(name))) {
            let found = search.add(&file);
            first = first.or(found);
        }
        let active = context
            .variable("VIRTUAL_ENV")
            .map(|dir| context.start_dir.join(dir));
        if let Some(dir) = active.as_ref().filter(|dir| is_venv(dir)) {
            search.add(&dir.join("bin/python3"));
        }
        if let Some(home) = context.variable("PYTHONHOME") {
            for dir in home.as_bytes().split(|byte| *byte == b':') {
                search.reads(&context.start_dir.join(OsStr::from_bytes(dir)));
            }
        }
        if let Some(path) = context.variable("PYTHONPATH") {
            for dir in std::env::split_paths(path).filter(|dir| !dir.as_os_str().is_empty()) {
                search.reads(&context.start_dir.join(dir));
            }
        }
        let prefix = prefix.or(first);
        // Some look into the executable that runs them.
        search.read.extend(search.programs.iter().cloned());
        let venv = prefix
            .clone()
            .filter(|dir| is_venv(dir))
            .or_else(|| active.filter(|dir| is_venv(dir)));
        Self {
            read: outermost(search.read),
            programs: search.programs.into_iter().collect(),
            prefix: prefix.map(|dir| paths::resolve(&dir)),
            venv: venv.map(|dir| paths::resolve(&dir)),
            program: own.as_ref().and_then(|own| own.script(context)),
            runs_python: own.is_some(),
        }
    }
}

/// The directory of the standard library of the command's interpreter: what it cannot start without.
pub(crate) fn command_library(context: &LoadContext) -> Option<PathBuf> {
    let own = command_interpreter(context)?;
    let real = paths::resolve(&own.interpreter);
    let prefix = match shim_root(&own.interpreter) {
        Some((_, versions)) => return Some(paths::resolve(&versions)),
        None => real.parent()?.parent()?.to_path_buf(),
    };
    let mut libraries: Vec<_> = prefix
        .join("lib")
        .read_dir()
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|dir| dir.join("os.py").is_file())
        .collect();
    libraries.sort();
    libraries.pop()
}

/// The program that a script's `#!` line has looked up or executed by another: part of the command. What the kernel
/// starts by itself nobody executes, and needs no leave.
pub(crate) fn behind_script(file: &Path, context: &LoadContext) -> Option<PathBuf> {
    match shebang(file, context)? {
        Shebang::Direct(_) => None,
        Shebang::Through(program) => Some(paths::resolve(&program)),
    }
}

/// The interpreter that a version manager's shim would run for the command.
pub(crate) fn behind_shim(file: &Path, context: &LoadContext) -> Option<PathBuf> {
    let (root, versions) = shim_root(file)?;
    let prefix = chosen_version(context, &root, &versions)?;
    let program = prefix.join("bin").join(file.file_name()?);
    program.is_file().then_some(program)
}

/// The interpreter that the command runs, and the arguments that it gets.
struct Own {
    interpreter: PathBuf,
    arguments: Vec<OsString>,
}

impl Own {
    /// The script, package or directory among the arguments: after the options that CPython takes.
    fn script(&self, context: &LoadContext) -> Option<PathBuf> {
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            let bytes = argument.as_bytes();
            match bytes {
                b"-" => return None,
                b"--" => {
                    return arguments
                        .next()
                        .map(|script| context.start_dir.join(script));
                }
                b"-W" | b"-X" | b"--check-hash-based-pycs" => {
                    arguments.next();
                }
                _ if bytes.starts_with(b"--") => {}
                [b'-', flags @ ..] => {
                    // Options without a value may stand together, as in `-Im pip`; `-c` and `-m` end them.
                    for (place, flag) in flags.iter().enumerate() {
                        let rest = &flags[place + 1..];
                        match flag {
                            b'c' => return None,
                            b'm' if rest.is_empty() => return module(arguments.next()?, context),
                            b'm' => return module(OsStr::from_bytes(rest), context),
                            b'W' | b'X' if rest.is_empty() => {
                                arguments.next();
                                break;
                            }
                            b'W' | b'X' => break,
                            _ => {}
                        }
                    }
                }
                _ => return Some(context.start_dir.join(argument)),
            }
        }
        None
    }
}

/// The package or file of `-m name` where it lies in the start directory, which comes first in `sys.path`.
fn module(name: &OsStr, context: &LoadContext) -> Option<PathBuf> {
    let name = name.to_str()?;
    let first = name.split('.').next()?;
    let package = context.start_dir.join(first);
    let file = context.start_dir.join(format!("{first}.py"));
    [package, file].into_iter().find(|path| path.exists())
}

/// The command itself, or what its `#!` line names.
fn command_interpreter(context: &LoadContext) -> Option<Own> {
    let file = context.command_file()?;
    let arguments = context.command.get(1..).unwrap_or_default().to_vec();
    if is_python(&file) || is_python(&paths::resolve(&file)) {
        return Some(Own {
            interpreter: file,
            arguments,
        });
    }
    let (Shebang::Direct(interpreter) | Shebang::Through(interpreter)) = shebang(&file, context)?;
    is_python(&interpreter).then(|| Own {
        interpreter,
        arguments: std::iter::once(file.into_os_string())
            .chain(arguments)
            .collect(),
    })
}

/// `python`, `python3`, `python3.12`, `python3.13t`.
fn is_python(file: &Path) -> bool {
    let Some(rest) = file
        .file_name()
        .and_then(OsStr::to_str)
        .and_then(|name| name.strip_prefix("python"))
    else {
        return false;
    };
    rest.bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b't' | b'd'))
}

/// What a `#!` line leads to.
enum Shebang {
    /// The kernel starts it.
    Direct(PathBuf),
    /// `env` or a shell that the kernel starts executes it.
    Through(PathBuf),
}

/// The program of a `#!` line, through `env` and through the line by which pip avoids long ones.
fn shebang(file: &Path, context: &LoadContext) -> Option<Shebang> {
    let mut start = Vec::new();
    let script = std::fs::File::open(file).ok()?;
    script.take(1024).read_to_end(&mut start).ok()?;
    let mut lines = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n');
    let mut words = words(lines.next()?);
    let program = PathBuf::from(words.next()?);
    match program.file_name()?.as_bytes() {
        b"env" => {
            let name = words.find(|word| {
                !word.as_bytes().starts_with(b"-") && !word.as_bytes().contains(&b'=')
            })?;
            context.find_program(&name).map(Shebang::Through)
        }
        b"sh" => {
            let second = String::from_utf8_lossy(lines.next()?).into_owned();
            let path = second.strip_prefix("'''exec' ")?.trim_start_matches('"');
            let end = path.find(['"', ' ']).unwrap_or(path.len());
            Some(Shebang::Through(PathBuf::from(&path[..end])))
        }
        _ => Some(Shebang::Direct(program)),
    }
}

fn words(line: &[u8]) -> impl Iterator<Item = OsString> + '_ {
    line.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(|word| OsStr::from_bytes(word).to_owned())
}

/// The version manager behind a shim, by the directories that pyenv and asdf keep side by side.
pub(crate) fn shim_root(file: &Path) -> Option<(PathBuf, PathBuf)> {
    let shims = file
        .parent()
        .filter(|dir| dir.file_name() == Some(OsStr::new("shims")))?;
    let root = shims.parent()?;
    ["versions", "installs/python"]
        .iter()
        .map(|versions| root.join(versions))
        .find(|versions| versions.is_dir())
        .map(|versions| (root.to_path_buf(), versions))
}

/// The version that `PYENV_VERSION`, `.python-version` or the global setting names.
fn chosen_version(context: &LoadContext, root: &Path, versions: &Path) -> Option<PathBuf> {
    let in_directory = || {
        context
            .start_dir
            .ancestors()
            .find_map(|dir| std::fs::read_to_string(dir.join(".python-version")).ok())
    };
    let named = context
        .variable("PYENV_VERSION")
        .map(|name| name.to_string_lossy().into_owned())
        .or_else(in_directory)
        .or_else(|| std::fs::read_to_string(root.join("version")).ok())?;
    let version = named
        .split([':', '\n', ' '])
        .next()
        .filter(|name| !name.is_empty() && !name.contains('/'))?;
    Some(versions.join(version)).filter(|dir| dir.is_dir())
}

fn is_venv(dir: &Path) -> bool {
    dir.join("pyvenv.cfg").is_file()
}

struct Search<'c> {
    context: &'c LoadContext,
    read: BTreeSet<PathBuf>,
    programs: BTreeSet<PathBuf>,
    seen: BTreeSet<PathBuf>,
}

impl Search<'_> {
    /// Takes an interpreter with all that it needs, and says its prefix.
    fn add(&mut self, file: &Path) -> Option<PathBuf> {
        if !file.exists() {
            return None;
        }
        let is_new = self.seen.insert(file.to_path_buf());
        if let Some((root, versions)) = shim_root(file) {
            if is_new {
                self.shim(file, &root, &versions);
            }
            return chosen_version(self.context, &root, &versions);
        }
        let real = paths::resolve(file);
        self.programs.insert(real.clone());
        let base = real.parent()?.parent()?.to_path_buf();
        if is_new {
            self.installation(&base);
            if is_shared(&base) {
                self.beside(file);
            }
        }
        // The symlink in a virtual environment is not followed for its prefix.
        let around = file.parent()?.parent()?;
        if is_venv(around) {
            self.reads(around);
            return Some(around.to_path_buf());
        }
        Some(base)
    }

    /// What `getpath` looks for beside the interpreter, whether it is there or not.
    fn beside(&mut self, file: &Path) {
        let real = paths::resolve(file);
        for file in [file, &real] {
            let (Some(dir), Some(name)) = (file.parent(), file.file_name()) else {
                continue;
            };
            let mut configuration = name.to_owned();
            configuration.push("._pth");
            let dir = paths::resolve(dir);
            for name in [
                &configuration,
                OsStr::new("pyvenv.cfg"),
                OsStr::new("pybuilddir.txt"),
            ] {
                self.read.insert(dir.join(name));
            }
            self.read
                .extend(dir.parent().map(|prefix| prefix.join("pyvenv.cfg")));
        }
    }

    /// An installation of its own is readable as a whole; in `/usr` only what belongs to Python is.
    fn installation(&mut self, prefix: &Path) {
        if !is_shared(prefix) {
            self.reads(prefix);
            return;
        }
        for dir in ["lib", "lib64", "local/lib", "share/python3", "include"] {
            let dir = prefix.join(dir);
            if dir.ends_with("include") || dir.ends_with("lib") || dir.ends_with("lib64") {
                self.reads_matching(&dir, "python3");
            } else {
                self.reads(&dir);
            }
        }
        self.reads_matching(Path::new("/etc"), "python3");
    }

    /// A shim asks its manager which version to run: any of them may be meant.
    fn shim(&mut self, file: &Path, root: &Path, versions: &Path) {
        self.programs.insert(paths::resolve(file));
        if let Some(name) = file.file_name() {
            self.programs.extend(behind(versions, name));
        }
        if !self.seen.insert(root.to_path_buf()) {
            return;
        }
        for dir in ["libexec", "bin", "pyenv.d", "plugins", "version"] {
            self.reads(&root.join(dir));
        }
        self.reads(versions);
        for dir in ["libexec", "bin"] {
            for helper in root.join(dir).read_dir().into_iter().flatten().flatten() {
                self.programs.insert(paths::resolve(&helper.path()));
            }
        }
    }

    fn reads(&mut self, path: &Path) {
        if path.exists() {
            self.read.insert(paths::resolve(path));
        }
    }

    fn reads_matching(&mut self, dir: &Path, start: &str) {
        for entry in dir.read_dir().into_iter().flatten().flatten() {
            if entry.file_name().as_bytes().starts_with(start.as_bytes()) {
                self.reads(&entry.path());
            }
        }
    }
}

/// Without what lies below another one.
fn outermost(paths: BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in paths {
        // A directory comes before what it holds.
        if !kept.iter().any(|dir| path.starts_with(dir)) {
            kept.push(path);
        }
    }
    kept
}

/// A prefix that holds more than Python.
fn is_shared(prefix: &Path) -> bool {
    [Path::new("/"), Path::new("/usr"), Path::new("/usr/local")].contains(&prefix)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    struct Place {
        _dir: tempfile::TempDir,
        root: PathBuf,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("a directory");
            let root = dir.path().canonicalize().expect("a path");
            Self { _dir: dir, root }
        }

        fn program(&self, path: &str, text: &str) -> PathBuf {
            let file = self.root.join(path);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("made");
            std::fs::write(&file, text).expect("written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("set");
            file
        }

        fn context(&self, command: &[&str]) -> LoadContext {
            LoadContext {
                start_dir: self.root.clone(),
                env: [("PATH".into(), self.root.join("path").into_os_string())].into(),
                command: command.iter().map(OsString::from).collect(),
                ..LoadContext::default()
            }
        }
    }

    #[test]
    fn a_virtual_environment_is_found_with_the_interpreter_below_it() {
        let place = Place::new();
        place.program("opt/py/bin/python3.12", "");
        let venv = place.root.join("venv");
        std::fs::create_dir_all(venv.join("bin")).expect("made");
        std::fs::write(venv.join("pyvenv.cfg"), "").expect("written");
        symlink("../../opt/py/bin/python3.12", venv.join("bin/python")).expect("linked");
        place.program(
            "venv/bin/pip",
            &format!("#!{}/bin/python\n", venv.display()),
        );

        let found = Pythons::find(&place.context(&["venv/bin/pip", "install", "x"]));
        assert_eq!(found.prefix, Some(venv.clone()));
        assert_eq!(found.venv, Some(venv.clone()));
        assert_eq!(found.read, [place.root.join("opt/py"), venv.clone()]);
        assert_eq!(found.programs, [place.root.join("opt/py/bin/python3.12")]);
        assert_eq!(found.program, Some(venv.join("bin/pip")));
    }

    #[test]
    fn a_shim_leads_to_every_version_and_to_the_chosen_prefix() {
        let place = Place::new();
        let shim = place.program("env/shims/python3", "#!/usr/bin/env bash\n");
        let real = place.program("env/versions/3.12.1/bin/python3", "");
        let helper = place.program("env/libexec/pyenv", "#!/usr/bin/env bash\n");
        std::fs::write(place.root.join("env/version"), "3.12.1\n").expect("written");
        let mut context = place.context(&["python3", "-Im", "json.tool"]);
        context
            .env
            .insert("PATH".into(), shim.parent().expect("a parent").into());

        let found = Pythons::find(&context);
        assert_eq!(found.prefix, Some(place.root.join("env/versions/3.12.1")));
        assert_eq!(found.programs, [helper, shim, real]);
        assert!(found.read.contains(&place.root.join("env/versions")));
        assert!(found.runs_python && found.program.is_none());
    }

    #[test]
    fn the_program_is_what_follows_the_options() {
        let place = Place::new();
        place.program("path/python3", "");
        place.program("pkg/__main__.py", "");
        for (command, program) in [
            (&["python3", "app.py", "-c", "x"][..], Some("app.py")),
            (
                &["python3", "-X", "dev", "-Wignore", "-B", "app.py"],
                Some("app.py"),
            ),
            (&["python3", "-m", "pkg.cli"], Some("pkg")),
            (&["python3", "-c", "pass", "app.py"], None),
            (&["python3", "-Ic", "pass"], None),
            (&["python3"], None),
            (&["true", "app.py"], None),
        ] {
            let found = Pythons::find(&place.context(command));
            assert_eq!(
                found.program,
                program.map(|path| place.root.join(path)),
                "{command:?}"
            );
        }
    }
}
