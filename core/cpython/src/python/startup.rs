//! Arming: what the interpreter does to start is exempt, what the user's code does is not (policy, *Meaning* 7).

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use audithook_abi::{Symbol, Value, View};
use audithook_catalogue::{Operation, arg, event};

use crate::paths::{Base, LONGEST, Resolved};
use crate::{process, real};

/// How far the interpreter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// It imports its own library; nothing of the user has run.
    Bootstrap = 0,
    /// `site` executes a line of a `.pth` file, or imports `sitecustomize`: the user's code runs between the interpreter's own.
    UserCode = 1,
    /// The main program is about to run.
    Armed = 2,
}

static PHASE: AtomicU8 = AtomicU8::new(Phase::Bootstrap as u8);

const MOST_PREFIXES: usize = 2;
static mut PREFIXES: [[u8; LONGEST + 1]; MOST_PREFIXES] = [[0; LONGEST + 1]; MOST_PREFIXES];
static LENGTHS: [AtomicUsize; MOST_PREFIXES] = [const { AtomicUsize::new(0) }; MOST_PREFIXES];

/// What the interpreter and `site` import by themselves, by the first part of the name, over all versions.
const OWN_MODULES: [&[u8]; 40] = [
    b"__main__",
    b"_abc",
    b"_bootlocale",
    b"_bootstrap_python",
    b"_codecs",
    b"_collections",
    b"_collections_abc",
    b"_frozen_importlib",
    b"_frozen_importlib_external",
    b"_functools",
    b"_imp",
    b"_io",
    b"_locale",
    b"_operator",
    b"_signal",
    b"_sitebuiltins",
    b"_stat",
    b"_thread",
    b"_warnings",
    b"_weakref",
    b"abc",
    b"builtins",
    b"codecs",
    b"encodings",
    b"errno",
    b"genericpath",
    b"importlib",
    b"io",
    b"linecache",
    b"locale",
    b"marshal",
    b"os",
    b"posix",
    b"posixpath",
    b"site",
    b"stat",
    b"time",
    b"types",
    b"warnings",
    b"zipimport",
];

/// Learns where the interpreter's own library lies: below the prefix of the executable, and of libpython.
pub(crate) fn begin() {
    let mut executable = [0; LONGEST + 1];
    let executable = process::executable(&mut executable);
    set_prefix(0, executable);
    if let Some(address) = real::symbol(c"PySys_AddAuditHook") {
        // SAFETY: all-zero is a valid Dl_info; the address is a function's.
        let library = unsafe {
            let mut found: libc::Dl_info = core::mem::zeroed();
            if libc::dladdr(address, &raw mut found) == 0 || found.dli_fname.is_null() {
                return;
            }
            core::ffi::CStr::from_ptr(found.dli_fname).to_bytes()
        };
        let mut resolved = Resolved::root();
        if library.contains(&b'/') && resolved.resolve(Base::Cwd, library, true, false).is_ok() {
            set_prefix(1, resolved.as_bytes());
        }
    }
}

/// Keeps the directory above the one that `file` is in.
fn set_prefix(place: usize, file: &[u8]) {
    let parent = |path: &[u8]| path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    let mut prefix = &file[..parent(file)];
    // Debian keeps libpython in lib/x86_64-linux-gnu.
    if prefix[parent(prefix)..].contains(&b'-') {
        prefix = &prefix[..parent(prefix)];
    }
    let prefix = &prefix[..parent(prefix)];
    // SAFETY: written once while the interpreter is found, by one thread, before the length is published.
    unsafe {
        (&raw mut PREFIXES[place])
            .cast::<u8>()
            .copy_from(prefix.as_ptr(), prefix.len())
    };
    LENGTHS[place].store(prefix.len(), Ordering::Release);
}

/// The directory that the main program's imports begin with: `sys.path[0]`.
static mut PROGRAM: Resolved = Resolved::root();
static PROGRAM_IS_KNOWN: AtomicBool = AtomicBool::new(false);

/// Learns `sys.path[0]` from the event that begins the main program.
pub(crate) fn learn_program(symbol: Symbol, args: &[Value<'_>]) {
    if PROGRAM_IS_KNOWN.load(Ordering::Acquire) {
        return;
    }
    let mut directory = Resolved::root();
    let found = match symbol {
        event::CPYTHON_RUN_FILE => args.first().and_then(Value::as_bytes).is_some_and(|file| {
            directory.resolve(Base::Cwd, file, true, false).is_ok() && directory.pop()
        }),
        event::CPYTHON_RUN_COMMAND | event::CPYTHON_RUN_MODULE | event::CPYTHON_RUN_STDIN => {
            directory.resolve(Base::Cwd, b".", true, false).is_ok()
        }
        _ => false,
    };
    if found {
        // SAFETY: written once: one main program runs, in one thread, and readers wait for the flag.
        unsafe { (&raw mut PROGRAM).write(directory) };
        PROGRAM_IS_KNOWN.store(true, Ordering::Release);
    }
}

/// Whether the path is `sys.path[0]`, which the interpreter lists for every import, whatever the program does.
pub(crate) fn is_program_directory(path: &[u8]) -> bool {
    if !PROGRAM_IS_KNOWN.load(Ordering::Acquire) {
        return false;
    }
    let program = &raw const PROGRAM;
    // SAFETY: written before the flag was set, and never again.
    unsafe { &*program }.as_bytes() == path
}

/// The main program is about to run, or an embedding program has its interpreter: nothing is exempt from here on.
pub(crate) fn arm() {
    PHASE.store(Phase::Armed as u8, Ordering::Release);
}

/// The interpreter ended; if the program starts another, that one has its own start.
pub(crate) fn begin_anew() {
    PHASE.store(Phase::Bootstrap as u8, Ordering::Release);
}

/// Whether everything is judged.
#[inline]
pub(crate) fn is_armed() -> bool {
    PHASE.load(Ordering::Acquire) == Phase::Armed as u8
}

/// Whether an event must be looked at although nobody wants it, because it tells how far the interpreter is.
pub(crate) fn tells_phase(symbol: Symbol) -> bool {
    !is_armed()
        && (ends_startup(symbol) || matches!(symbol, event::IMPORT | event::COMPILE | event::OPEN))
}

/// The events that come right before the main program (PEP 578).
pub(crate) fn ends_startup(symbol: Symbol) -> bool {
    matches!(
        symbol,
        event::CPYTHON_RUN_COMMAND
            | event::CPYTHON_RUN_FILE
            | event::CPYTHON_RUN_MODULE
            | event::CPYTHON_RUN_STDIN
            | event::CPYTHON_RUN_INTERACTIVEHOOK
            | event::CPYTHON_RUN_STARTUP
    )
}

/// Whether the interpreter needs this event to start.
pub(crate) fn is_exempt(symbol: Symbol, operation: Operation, args: &[Value<'_>]) -> bool {
    if is_armed() {
        return false;
    }
    let text = |name| {
        args.iter()
            .find(|value| value.name() == name)
            .and_then(Value::as_bytes)
    };
    let path = text(arg::PATH).unwrap_or(b"");
    match symbol {
        // `site` executes a line of a `.pth` file.
        event::COMPILE if text(arg::FILENAME) == Some(b"<string>") => {
            PHASE.store(Phase::UserCode as u8, Ordering::Release);
        }
        event::IMPORT if matches!(text(arg::MODULE), Some(b"sitecustomize" | b"usercustomize")) => {
            PHASE.store(Phase::UserCode as u8, Ordering::Release);
        }
        _ => {}
    }
    // What is imported from elsewhere is the user's: `PYTHONPATH` comes before the library.
    let is_elsewhere = match operation {
        Operation::Open => !is_own_file(path),
        Operation::Load => !path.is_empty() && !is_in_library(path),
        _ => false,
    };
    if is_elsewhere {
        PHASE.fetch_max(Phase::UserCode as u8, Ordering::AcqRel);
    }
    let user_code = PHASE.load(Ordering::Acquire) >= Phase::UserCode as u8;
    match operation {
        Operation::Open => reads_only(args) && is_own_file(path),
        Operation::List => is_own_directory(path),
        Operation::Load if symbol == event::IMPORT => {
            let module = text(arg::MODULE).unwrap_or(b"");
            let first = module.split(|byte| *byte == b'.').next().unwrap_or(module);
            !user_code || OWN_MODULES.contains(&first)
        }
        Operation::None => !user_code,
        _ => false,
    }
}

fn reads_only(args: &[Value<'_>]) -> bool {
    let flags = args.iter().find(|value| value.name() == arg::FLAGS);
    match flags.map(Value::view) {
        Some(View::List(words)) => !words.iter().filter_map(Value::as_bytes).any(|word| {
            matches!(
                word,
                b"write" | b"create" | b"truncate" | b"append" | b"tmpfile"
            )
        }),
        _ => false,
    }
}

/// A file of the interpreter's library, or of what `site` reads.
fn is_own_file(path: &[u8]) -> bool {
    is_in_library(path)
        || path.ends_with(b"/pyvenv.cfg")
        // What getpath looks for beside the executable.
        || path.ends_with(b"._pth")
        || path.ends_with(b"/pybuilddir.txt")
        || path.ends_with(b"/sitecustomize.py")
        || is_path_file(path)
}

/// A directory of the interpreter's library, or one where `site` looks for `.pth` files.
fn is_own_directory(path: &[u8]) -> bool {
    is_in_library(path) || path.ends_with(b"/site-packages") || path.ends_with(b"/dist-packages")
}

/// `…/site-packages/x.pth`
fn is_path_file(path: &[u8]) -> bool {
    let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else {
        return false;
    };
    let directory = &path[..slash];
    path.ends_with(b".pth")
        && (directory.ends_with(b"/site-packages") || directory.ends_with(b"/dist-packages"))
}

/// Below `PREFIX/lib*/python3*`, or such a zip file; not a package that the user installed.
fn is_in_library(path: &[u8]) -> bool {
    (0..MOST_PREFIXES).any(|place| {
        let length = LENGTHS[place].load(Ordering::Acquire);
        if length == 0 {
            return false;
        }
        // SAFETY: written before the length was published, and never again.
        let prefix = unsafe {
            core::slice::from_raw_parts((&raw const PREFIXES[place]).cast::<u8>(), length)
        };
        path.strip_prefix(prefix).is_some_and(|below| {
            let mut parts = below.split(|byte| *byte == b'/').skip(1);
            let library = parts.next().unwrap_or(b"");
            let version = parts.next().unwrap_or(b"");
            let rest = parts.next().unwrap_or(b"");
            library.starts_with(b"lib")
                && version.starts_with(b"python3")
                && rest != b"site-packages"
                && rest != b"dist-packages"
        })
    })
}
