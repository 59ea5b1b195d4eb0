//! System calls, by seccomp: what a library needs that computes, logs and has threads. What is not listed fails with EPERM.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::ConfinementError;

/// Whatever the arguments.
const PLAIN: &[i64] = &[
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mincore,
    // Threads and time.
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_restart_syscall,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    // Signals of its own.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    // Itself.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrandom,
    libc::SYS_getcpu,
    libc::SYS_prctl,
    libc::SYS_getrlimit,
    // Descriptors; which files they lead to is Landlock's.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_copy_file_range,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    // Files, within Landlock.
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_fstatfs,
    libc::SYS_statfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_truncate,
    libc::SYS_utimensat,
    // The connections to audithook.
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
];

/// The older forms, which only this architecture has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_dup2,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_pause,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

const NETWORK: &[i64] = &[
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_listen,
    libc::SYS_recvmmsg,
    libc::SYS_sendmmsg,
    libc::SYS_setsockopt,
];

pub(crate) fn restrict(network: bool) -> Result<(), ConfinementError> {
    // To a system call that it does not have the C library finds another way; to one that is refused it may not.
    let unknown = program(
        BTreeMap::from([(libc::SYS_clone3, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
    )?;
    let known = program(
        rules(network)?,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )?;
    // The last one takes away seccomp(2) itself.
    for filter in [unknown, known] {
        seccompiler::apply_filter(&filter)
            .map_err(|error| ConfinementError::Calls(error.to_string()))?;
    }
    Ok(())
}

fn rules(network: bool) -> Result<BTreeMap<i64, Vec<SeccompRule>>, ConfinementError> {
    let plain = PLAIN.iter().chain(OLDER);
    let plain = plain.chain(NETWORK.iter().filter(|_| network));
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        plain.map(|call| (*call, Vec::new())).collect();
    // The other filter answers it.
    rules.insert(libc::SYS_clone3, Vec::new());
    // Threads, and no processes.
    let thread = libc::CLONE_THREAD as u64;
    let is_thread = SeccompCmpOp::MaskedEq(thread);
    rules.insert(libc::SYS_clone, vec![rule(0, is_thread, thread)?]);
    // Signals to itself: abort(3) sends one.
    let own = u64::from(std::process::id());
    for call in [
        libc::SYS_kill,
        libc::SYS_tgkill,
        libc::SYS_rt_tgsigqueueinfo,
    ] {
        rules.insert(call, vec![rule(0, SeccompCmpOp::Eq, own)?]);
    }
    // Its own limits: to read, and to lower.
    let prlimit = [0, own].map(|pid| rule(0, SeccompCmpOp::Eq, pid));
    rules.insert(
        libc::SYS_prlimit64,
        prlimit.into_iter().collect::<Result<_, _>>()?,
    );
    // Nothing of a terminal but whether it is one: TIOCSTI types into it.
    let harmless = [libc::TCGETS, libc::FIONREAD, libc::FIONBIO, libc::FIOCLEX];
    let harmless = harmless.map(|request| rule(1, SeccompCmpOp::Eq, request));
    rules.insert(
        libc::SYS_ioctl,
        harmless.into_iter().collect::<Result<_, _>>()?,
    );
    if network {
        let families = [libc::AF_INET, libc::AF_INET6];
        let families = families.map(|family| rule(0, SeccompCmpOp::Eq, family as u64));
        rules.insert(
            libc::SYS_socket,
            families.into_iter().collect::<Result<_, _>>()?,
        );
    }
    Ok(rules)
}

/// An argument, whose lower half counts, is this.
fn rule(
    argument: u8,
    operation: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, ConfinementError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| ConfinementError::Calls(error.to_string()))
}

fn program(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> Result<BpfProgram, ConfinementError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH);
    architecture
        .and_then(|architecture| SeccompFilter::new(rules, otherwise, listed, architecture))
        .and_then(BpfProgram::try_from)
        .map_err(|error| ConfinementError::Calls(error.to_string()))
}
