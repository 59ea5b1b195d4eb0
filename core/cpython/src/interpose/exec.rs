//! The exec family, `posix_spawn`, `system` and `popen`: programs are judged, and this library comes along.
//!
//! A child keeps the hook although its environment was cleared or LD_PRELOAD overwritten: the environment is completed
//! on the stack, for this code also runs between `vfork` and `exec`, where nothing may be allocated. What this library
//! cannot follow is reported as `process.uncovered`, and refused where the policy says so.

use core::ffi::{CStr, c_char, c_int};

use audithook_abi::{Source, Symbol, Value};
use audithook_catalogue::{self as catalogue, arg, event};
use audithook_coverage::Coverage;
use audithook_wire::flat::Name;

use super::{elf, errno, set_errno};
use crate::judge::{self, Interpreter, Subject};
use crate::paths::{Base, LONGEST, Resolved};
use crate::policy::Policy;
use crate::process::{self, KeepErrno, Who};
use crate::real::{self, next};
use crate::room::{self, Follow, LONGEST_PRELOAD, MOST_POINTERS, Room};
use crate::{channel, environment, load_check, pending, policy};

type Strings = *const *const c_char;

/// execve(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execve(path: *const c_char, argv: Strings, envp: Strings) -> c_int {
    let Some(mut claim) = claim() else {
        return -1;
    };
    // SAFETY: passed on to the caller.
    unsafe { execve_in(&mut claim.room().follow, path, argv, envp) }
}

/// # Safety
/// As for execve.
unsafe fn execve_in(
    memory: &mut Follow,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        follow(memory, path, Base::Cwd, argv, envp, |envp| {
            next!(c"execve": fn(*const c_char, Strings, Strings) -> c_int)(path, argv, envp)
        })
    }
    .unwrap_or(-1)
}

/// Memory for one program; without any, `errno` says so.
fn claim() -> Option<room::Claim> {
    let claim = room::Claim::new();
    if claim.is_none() {
        set_errno(libc::ENOMEM);
    }
    claim
}

/// execv(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execv(path: *const c_char, argv: Strings) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { execve(path, argv, real::environment()) }
}

/// execvp(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execvp(file: *const c_char, argv: Strings) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { execvpe(file, argv, real::environment()) }
}

/// execvpe(3): the directories of `PATH` in turn, and `/bin/sh` for a file without a header.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execvpe(
    file: *const c_char,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(file) }.to_bytes();
    if name.is_empty() {
        set_errno(libc::ENOENT);
        return -1;
    }
    let Some(mut claim) = claim() else {
        return -1;
    };
    let Room { search, follow } = claim.room();
    let (candidate, arguments) = (&mut search.candidate, &mut search.arguments);
    if name.contains(&b'/') {
        // SAFETY: passed on to the caller.
        return unsafe { exec_or_script(arguments, follow, file, argv, envp) };
    }
    let path = environment::variable(c"PATH").unwrap_or(b"/bin:/usr/bin");
    let mut refused = false;
    for directory in path.split(|byte| *byte == b':') {
        let slash = usize::from(!directory.is_empty());
        if directory.len() + slash + name.len() > LONGEST {
            continue;
        }
        candidate[..directory.len()].copy_from_slice(directory);
        if slash == 1 {
            candidate[directory.len()] = b'/';
        }
        let end = directory.len() + slash + name.len();
        candidate[end - name.len()..end].copy_from_slice(name);
        candidate[end] = 0;
        // SAFETY: the candidate is NUL-terminated; the rest is passed on to the caller.
        unsafe { exec_or_script(arguments, follow, candidate.as_ptr().cast(), argv, envp) };
        match errno() {
            libc::EACCES => refused = true,
            libc::ENOENT | libc::ESTALE | libc::ENOTDIR | libc::ENODEV | libc::ETIMEDOUT => {}
            _ => return -1,
        }
    }
    if refused {
        set_errno(libc::EACCES);
    }
    -1
}

/// # Safety
/// As for execve.
unsafe fn exec_or_script(
    arguments: &mut [*const c_char; MOST_POINTERS],
    memory: &mut Follow,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: passed on to the caller.
    let result = unsafe { execve_in(memory, path, argv, envp) };
    if errno() != libc::ENOEXEC {
        return result;
    }
    // `sh path args…`, as execvp(3) promises. The arguments after the first follow the path.
    arguments.fill(core::ptr::null());
    arguments[0] = c"/bin/sh".as_ptr();
    arguments[1] = path;
    // SAFETY: argv is null-terminated; what does not fit is the kernel's E2BIG.
    unsafe {
        let mut place = 0;
        while !argv.is_null() && !(*argv.add(place)).is_null() {
            if place > 0 {
                if place + 2 >= arguments.len() {
                    set_errno(libc::E2BIG);
                    return -1;
                }
                arguments[place + 1] = *argv.add(place);
            }
            place += 1;
        }
        execve_in(memory, c"/bin/sh".as_ptr(), arguments.as_ptr(), envp)
    }
}

/// execveat(2).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn execveat(
    directory: c_int,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
    flags: c_int,
) -> c_int {
    let base = if directory == libc::AT_FDCWD {
        Base::Cwd
    } else {
        Base::Descriptor(directory)
    };
    let Some(mut claim) = claim() else {
        return -1;
    };
    let memory = &mut claim.room().follow;
    // SAFETY: passed on to the caller.
    unsafe {
        follow(memory, path, base, argv, envp, |envp| {
            libc::syscall(libc::SYS_execveat, directory, path, argv, envp, flags) as c_int
        })
    }
    .unwrap_or(-1)
}

/// fexecve(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn fexecve(descriptor: c_int, argv: Strings, envp: Strings) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { execveat(descriptor, c"".as_ptr(), argv, envp, libc::AT_EMPTY_PATH) }
}

type SpawnFn = unsafe extern "C" fn(
    *mut libc::pid_t,
    *const c_char,
    *const libc::posix_spawn_file_actions_t,
    *const libc::posix_spawnattr_t,
    Strings,
    Strings,
) -> c_int;

/// posix_spawn(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn posix_spawn(
    pid: *mut libc::pid_t,
    path: *const c_char,
    actions: *const libc::posix_spawn_file_actions_t,
    attributes: *const libc::posix_spawnattr_t,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: libc\'s function has this signature.
    let real: SpawnFn = unsafe {
        next!(c"posix_spawn": fn(*mut libc::pid_t, *const c_char, *const libc::posix_spawn_file_actions_t, *const libc::posix_spawnattr_t, Strings, Strings) -> c_int)
    };
    let Some(mut claim) = claim() else {
        return libc::ENOMEM;
    };
    let memory = &mut claim.room().follow;
    // SAFETY: passed on to the caller.
    unsafe {
        follow(memory, path, Base::Cwd, argv, envp, |envp| {
            real(pid, path, actions, attributes, argv, envp)
        })
    }
    .unwrap_or(libc::EACCES)
}

/// posix_spawnp(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn posix_spawnp(
    pid: *mut libc::pid_t,
    file: *const c_char,
    actions: *const libc::posix_spawn_file_actions_t,
    attributes: *const libc::posix_spawnattr_t,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: libc\'s function has this signature.
    let real: SpawnFn = unsafe {
        next!(c"posix_spawnp": fn(*mut libc::pid_t, *const c_char, *const libc::posix_spawn_file_actions_t, *const libc::posix_spawnattr_t, Strings, Strings) -> c_int)
    };
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(file) }.to_bytes();
    let Some(mut claim) = claim() else {
        return libc::ENOMEM;
    };
    let Room {
        search,
        follow: memory,
    } = claim.room();
    let path = environment::variable(c"PATH");
    let judged = if !name.contains(&b'/')
        && environment::find_program(name, path, Base::Cwd, &mut search.found)
    {
        search.found.as_c_str()
    } else {
        file
    };
    // SAFETY: passed on to the caller; `judged` is NUL-terminated.
    unsafe {
        follow(memory, judged, Base::Cwd, argv, envp, |envp| {
            real(pid, file, actions, attributes, argv, envp)
        })
    }
    .unwrap_or(libc::EACCES)
}

/// system(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn system(command: *const c_char) -> c_int {
    if !command.is_null() && !shell_may_run(command) {
        // What a shell that could not be executed gives (system(3)).
        return 127 << 8;
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"system": fn(*const c_char) -> c_int)(command) }
}

/// popen(3).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub(crate) unsafe extern "C" fn popen(
    command: *const c_char,
    mode: *const c_char,
) -> *mut libc::FILE {
    if !command.is_null() && !shell_may_run(command) {
        set_errno(libc::EACCES);
        return core::ptr::null_mut();
    }
    // SAFETY: passed on to the caller.
    unsafe { next!(c"popen": fn(*const c_char, *const c_char) -> *mut libc::FILE)(command, mode) }
}

/// Judges the shell for a line, and sees to it that the environment that libc will pass on holds this library.
fn shell_may_run(command: *const c_char) -> bool {
    let Some(mut claim) = claim() else {
        return false;
    };
    let argv = [c"sh".as_ptr(), c"-c".as_ptr(), command, core::ptr::null()];
    // SAFETY: both are null-terminated arrays of strings.
    unsafe {
        follow(
            &mut claim.room().follow,
            c"/bin/sh".as_ptr(),
            Base::Cwd,
            argv.as_ptr(),
            real::environment(),
            |envp| {
                if envp != real::environment()
                    && let Some(value) = environment::find_in(envp, PRELOAD)
                {
                    // libc passes on `environ` itself: it has to be completed for good.
                    let mut text = [0_u8; LONGEST + 1];
                    let length = value.len().min(LONGEST);
                    text[..length].copy_from_slice(&value[..length]);
                    libc::setenv(c"LD_PRELOAD".as_ptr(), text.as_ptr().cast(), 1);
                }
                0
            },
        )
    }
    .is_some()
}

#[cfg(target_arch = "x86_64")]
mod variadic {
    //! `execl` and its kin: the registers are laid before the arguments on the stack, which makes the vector.

    use super::{Strings, c_char, c_int, execve, execvpe, real};

    macro_rules! exec_list {
        ($name:ident, $rest:path) => {
            /// execl(3), execlp(3) or execle(3).
            ///
            /// # Safety
            /// As in C.
            #[cfg_attr(not(test), unsafe(no_mangle))]
            #[unsafe(naked)]
            pub(crate) unsafe extern "C" fn $name(path: *const c_char, first: *const c_char) -> c_int {
                core::arch::naked_asm!(
                    // The return address makes room: rsi, rdx, rcx, r8, r9 and the caller's stack become one array.
                    "pop rax",
                    "push r9",
                    "push r8",
                    "push rcx",
                    "push rdx",
                    "push rsi",
                    "mov rsi, rsp",
                    "push rbx",
                    "mov rbx, rax",
                    // The caller's stack was aligned before its call; six words later it is again.
                    "call {rest}",
                    "mov rdx, rbx",
                    "pop rbx",
                    "add rsp, 40",
                    "jmp rdx",
                    rest = sym $rest,
                )
            }
        };
    }

    exec_list!(execl, execl_vector);
    exec_list!(execlp, execlp_vector);
    exec_list!(execle, execle_vector);

    unsafe extern "C" fn execl_vector(path: *const c_char, argv: Strings) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { execve(path, argv, real::environment()) }
    }

    unsafe extern "C" fn execlp_vector(file: *const c_char, argv: Strings) -> c_int {
        // SAFETY: passed on to the caller.
        unsafe { execvpe(file, argv, real::environment()) }
    }

    unsafe extern "C" fn execle_vector(path: *const c_char, argv: Strings) -> c_int {
        // SAFETY: the environment follows the null that ends the arguments (execle(3)).
        unsafe {
            let mut end = argv;
            while !(*end).is_null() {
                end = end.add(1);
            }
            execve(path, argv, (*end.add(1)).cast())
        }
    }
}

/// Judges a program and calls `run` with the environment that takes this library along. `None` if it is refused;
/// `errno` then says EACCES.
///
/// # Safety
/// As for execve.
unsafe fn follow(
    memory: &mut Follow,
    path: *const c_char,
    base: Base<'_>,
    argv: Strings,
    envp: Strings,
    run: impl FnOnce(Strings) -> c_int,
) -> Option<c_int> {
    load_check::run();
    if path.is_null() || process::run_directory().is_empty() {
        return Some(run(envp));
    }
    let keep = KeepErrno::new();
    // SAFETY: the caller's promise.
    let given = unsafe { CStr::from_ptr(path) }.to_bytes();
    let Follow {
        program,
        inspection,
        list,
        message,
        preload,
        environment: entries,
    } = memory;
    let found = if given.is_empty() {
        match base {
            Base::Descriptor(descriptor) => program.resolve_descriptor(descriptor).is_ok(),
            _ => false,
        }
    } else {
        program.resolve(base, given, true, false).is_ok()
    };
    if !found || !environment::is_program(program) {
        drop(keep);
        return Some(run(envp));
    }
    if policy::current().is_none() {
        policy::begin();
    }
    let Some(policy) = policy::current() else {
        drop(keep);
        return Some(run(envp));
    };
    // SAFETY: the caller's promise.
    if unsafe {
        let execution = Execution {
            program,
            given,
            argv,
        };
        is_refused(policy, event::OS_EXEC, &execution, None, list, message)
    } {
        drop(keep);
        set_errno(libc::EACCES);
        return None;
    }
    let coverage = elf::inspect(program, inspection);
    if let Some(reason) = coverage.reason() {
        // SAFETY: the caller's promise.
        if unsafe {
            let execution = Execution {
                program,
                given,
                argv,
            };
            let symbol = event::PROCESS_UNCOVERED;
            is_refused(policy, symbol, &execution, Some(reason), list, message)
        } {
            drop(keep);
            set_errno(libc::EACCES);
            return None;
        }
    }
    let take_along = !matches!(coverage, Coverage::Unwelcome(_));
    drop(keep);
    // SAFETY: the caller's promise.
    Some(unsafe { with_environment(preload, entries, envp, take_along, run) })
}

/// A program about to be executed.
struct Execution<'p> {
    program: &'p Resolved,
    given: &'p [u8],
    argv: Strings,
}

/// Judges one event about a program. `list` is for the arguments that are shown (`'static` stands for "until this returns"),
/// `message` for the record.
///
/// # Safety
/// `argv` is null or a null-terminated array of strings.
#[inline(never)]
unsafe fn is_refused(
    policy: &'static Policy,
    symbol: Symbol,
    execution: &Execution<'_>,
    reason: Option<&str>,
    list: &mut [Value<'static>],
    message: &mut [u8],
) -> bool {
    let Execution {
        program,
        given,
        argv,
    } = *execution;
    if symbol == event::OS_EXEC && pending::is_same_program(program.as_bytes()) {
        pending::forget_program();
        return false;
    }
    let Some(info) = catalogue::info(symbol) else {
        return false;
    };
    let plan = policy.image.plan(info.name.as_bytes());
    if symbol == event::OS_EXEC && !plan.judged() {
        return false;
    }
    let mut count = 0;
    // SAFETY: the caller's promise.
    for (place, argument) in list.iter_mut().zip(unsafe { environment::entries(argv) }) {
        *place = Value::str(argument);
        count += 1;
    }
    let reason = reason.map_or(Value::NULL, Value::str);
    let args = [
        Value::path(program.as_bytes()).named(arg::PATH),
        Value::path(given).named(arg::RAW),
        Value::list(&list[..count]).named(arg::ARGS),
        reason.named(arg::REASON),
    ];
    let args = if symbol == event::OS_EXEC {
        &args[..3]
    } else {
        &args[..]
    };
    let subject = Subject {
        name: Name::Known(symbol),
        plan,
        source: Source::Libc,
        args,
        inode: None,
        exempt: false,
    };
    if channel::ring().is_some() && process::who() == Who::Known && symbol == event::OS_EXEC {
        return judge::judge(policy, &subject, message, Interpreter::NotHeld)
            .verdict
            .refuses();
    }
    judge::judge_apart(policy, &subject, message)
}

const PRELOAD: &[u8] = b"LD_PRELOAD";
const LIBRARY: &[u8] = b"libaudithook_cpython.so";

/// Calls `run` with an environment in which LD_PRELOAD begins with this library, or does not have it.
///
/// # Safety
/// `envp` is null or a null-terminated array of strings.
unsafe fn with_environment(
    text: &mut [u8; LONGEST_PRELOAD],
    entries: &mut [*const c_char; MOST_POINTERS],
    envp: Strings,
    take_along: bool,
    run: impl FnOnce(Strings) -> c_int,
) -> c_int {
    let path = process::run_file(LIBRARY);
    let path = path.split(|byte| *byte == 0).next().unwrap_or(&path);
    // SAFETY: the caller's promise.
    let (count, value) = unsafe {
        (
            environment::entries(envp).count(),
            environment::find_in(envp, PRELOAD),
        )
    };
    let others = match value {
        Some(value) => {
            let is_first = value
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || matches!(rest.first(), Some(b':' | b' ')));
            if is_first == take_along && (take_along || !contains(value, path)) {
                return run(envp);
            }
            if is_first {
                value.get(path.len() + 1..).unwrap_or(b"")
            } else {
                value
            }
        }
        None if take_along => b"",
        None => return run(envp),
    };
    let mut length = 0;
    let mut add = |part: &[u8]| {
        let end = (length + part.len()).min(LONGEST_PRELOAD - 1);
        text[length..end].copy_from_slice(&part[..end - length]);
        text[end] = 0;
        length = end;
    };
    add(PRELOAD);
    add(b"=");
    if take_along {
        add(path);
        if !others.is_empty() {
            add(b":");
        }
    }
    add(others);
    let keep_entry = take_along || !others.is_empty();
    let entry = keep_entry.then_some(text.as_ptr().cast::<c_char>());
    // Room for one more entry and the null. An environment of more entries than most have is made on the stack.
    // SAFETY: the caller's promise; each array holds `count + 2` pointers.
    unsafe {
        match count + 2 {
            0..=MOST_POINTERS => run_with(entries, envp, entry, run),
            needed if needed <= 8192 => run_on_stack::<8192>(envp, entry, run),
            needed if needed <= 65536 => run_on_stack::<65536>(envp, entry, run),
            _ => {
                set_errno(libc::E2BIG);
                -1
            }
        }
    }
}

/// # Safety
/// `envp` is null or a null-terminated array of at most `N - 2` strings.
#[inline(never)]
unsafe fn run_on_stack<const N: usize>(
    envp: Strings,
    entry: Option<*const c_char>,
    run: impl FnOnce(Strings) -> c_int,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe { run_with(&mut [core::ptr::null(); N], envp, entry, run) }
}

/// # Safety
/// `envp` is null or a null-terminated array of strings, with at least two fewer than `block` has room for.
#[inline(never)]
unsafe fn run_with(
    block: &mut [*const c_char],
    envp: Strings,
    entry: Option<*const c_char>,
    run: impl FnOnce(Strings) -> c_int,
) -> c_int {
    let mut count = 0;
    let mut place = envp;
    // SAFETY: the caller's promise; the walk ends at the null, and `block` has room for every entry and the new one.
    unsafe {
        while !place.is_null() && !(*place).is_null() {
            let text = CStr::from_ptr(*place).to_bytes();
            if text
                .strip_prefix(PRELOAD)
                .is_none_or(|rest| !rest.starts_with(b"="))
            {
                block[count] = *place;
                count += 1;
            }
            place = place.add(1);
        }
    }
    if let Some(entry) = entry {
        block[count] = entry;
        count += 1;
    }
    block[count] = core::ptr::null();
    run(block.as_ptr())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}
