//! How processes ended, as far as the kernel tells.

use std::os::fd::{AsRawFd as _, OwnedFd};

use rustix::process::Pid;

use crate::handler::{Exit, Usage};
use crate::spared;

/// What happened to a child of this process.
pub(crate) enum Change {
    /// Nothing.
    None,
    /// There are no children.
    NoChildren,
    /// It was stopped by this signal.
    Stopped(Pid, i32),
    /// It ended, and is gone.
    Ended(Pid, Exit),
}

/// The next change of a child, without waiting.
pub(crate) fn next_change() -> Change {
    loop {
        let mut status = 0;
        // SAFETY: all-zero is a valid rusage; both places are writable.
        let (pid, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            let pid = libc::wait4(
                -1,
                &raw mut status,
                libc::WNOHANG | libc::WUNTRACED,
                &raw mut usage,
            );
            (pid, usage)
        };
        if pid == 0 {
            return Change::None;
        }
        let Some(pid) = (pid > 0).then(|| Pid::from_raw(pid)).flatten() else {
            return match std::io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => continue,
                _ => Change::NoChildren,
            };
        };
        if libc::WIFSTOPPED(status) {
            return Change::Stopped(pid, libc::WSTOPSIG(status));
        }
        if spared::note_end(pid, status) {
            continue;
        }
        let mut exit = decode(status);
        let nanoseconds = |time: libc::timeval| {
            time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_usec.cast_unsigned() * 1_000
        };
        exit.usage = Some(Usage {
            user_ns: nanoseconds(usage.ru_utime),
            system_ns: nanoseconds(usage.ru_stime),
            max_rss: usage.ru_maxrss.cast_unsigned() * 1024,
        });
        return Change::Ended(pid, exit);
    }
}

/// How a process ended that is not a child of this one, if the kernel tells.
pub(crate) fn exit_of(pid: u32, life: Option<&OwnedFd>) -> Exit {
    // While its parent has not looked, it is a zombie that /proc still shows; after that only its pidfd knows.
    zombie_status(pid)
        .or_else(|| reaped_status(life?))
        .map(decode)
        .unwrap_or_default()
}

/// The last field of /proc/PID/stat (proc(5)), for a zombie.
fn zombie_status(pid: u32) -> Option<i32> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything, parentheses too.
    let after_name = text.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(&text[after_name + 1..]).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    if fields.next()? != "Z" {
        return None;
    }
    fields.next_back()?.parse().ok()
}

/// What a pidfd knows of a process that is gone (PIDFD_GET_INFO, Linux 6.15).
fn reaped_status(life: &OwnedFd) -> Option<i32> {
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        mask: u64,
        cgroup: u64,
        pid: u32,
        tgid: u32,
        ppid: u32,
        ruid: u32,
        rgid: u32,
        euid: u32,
        egid: u32,
        suid: u32,
        sgid: u32,
        fsuid: u32,
        fsgid: u32,
        exit_code: i32,
    }
    const MASK_EXIT: u64 = 1 << 3;
    // _IOWR(0xff, 11, struct pidfd_info)
    const GET_INFO: u64 = 3 << 30 | (size_of::<Info>() as u64) << 16 | 0xff << 8 | 11;

    let mut info = Info {
        mask: MASK_EXIT,
        ..Info::default()
    };
    // SAFETY: the kernel writes at most the size that is part of the request's number.
    let failed =
        unsafe { libc::ioctl(life.as_raw_fd(), GET_INFO as libc::c_ulong, &raw mut info) } != 0;
    (!failed && info.mask & MASK_EXIT != 0).then_some(info.exit_code)
}

fn decode(status: i32) -> Exit {
    Exit {
        status: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
        signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        usage: None,
    }
}
