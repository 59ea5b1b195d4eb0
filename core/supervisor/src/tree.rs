//! The tree of processes below this one: who is in it, and how it ends.
//!
//! The supervisor is a subreaper, so that a process whose parent dies becomes its child: every process of the tree stays a
//! descendant whatever it does. Front is one too: should the supervisor die, the tree becomes its.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions};

use crate::spared;

/// The children of this process's first thread, which gets the orphans: open beforehand, for who may not open anything.
static CHILDREN: OnceLock<fs::File> = OnceLock::new();

/// Makes orphaned descendants children of this process (`PR_SET_CHILD_SUBREAPER`, prctl(2)). Called from its first thread.
///
/// # Errors
/// Never on Linux 3.4 and later.
pub fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    if let Ok(children) = fs::File::open("/proc/thread-self/children") {
        let _ = CHILDREN.set(children);
    }
    Ok(())
}

/// Every living descendant of this process, without those that are [spared].
#[must_use]
pub fn descendants() -> Vec<Pid> {
    descendants_but(spared::is_spared)
}

fn descendants_but(is_left_out: impl Fn(Pid) -> bool) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut frontier = vec![rustix::process::getpid()];
    while let Some(parent) = frontier.pop() {
        for child in children(parent) {
            if is_left_out(child) {
                continue;
            }
            frontier.push(child);
            found.push(child);
        }
    }
    found
}

/// The children of all threads of a process (/proc/PID/task/TID/children, proc(5)).
fn children(parent: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero())) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| numbers(&text).collect::<Vec<_>>())
        .collect()
}

/// Process ids with spaces between them.
fn numbers(text: &str) -> impl Iterator<Item = Pid> {
    text.split_ascii_whitespace()
        .filter_map(|number| number.parse().ok().and_then(Pid::from_raw))
}

/// Whether `pid` is a descendant of this process, and not spared; `None` if it is gone.
#[must_use]
pub fn is_descendant(pid: Pid) -> Option<bool> {
    let own = rustix::process::getpid();
    let mut current = pid;
    // No chain is longer than the kernel's limit of nested processes could make it in practice.
    for _ in 0..4096 {
        if current == own {
            return Some(true);
        }
        if spared::is_spared(current) {
            return Some(false);
        }
        if matches!(current.as_raw_nonzero().get(), 1 | 2) {
            // init, and the father of the kernel's threads: nobody's children.
            return Some(false);
        }
        current = match parent(current) {
            Some(Some(parent)) => parent,
            // A process that is being released has no parent any more.
            _ if current == pid => return None,
            // An ancestor died while it was looked at: its children have a new parent.
            _ => parent(pid)??,
        };
    }
    Some(false)
}

/// Whether the process is stopped by a signal.
pub(crate) fn is_stopped(pid: Pid) -> bool {
    status(pid).is_some_and(|(state, _)| state == 'T')
}

/// The parent; `None` if the process is gone, `Some(None)` for the first process and for one that is going.
fn parent(pid: Pid) -> Option<Option<Pid>> {
    status(pid).map(|(_, parent)| parent)
}

/// State and parent.
fn status(pid: Pid) -> Option<(char, Option<Pid>)> {
    let (_, fields) = stat(pid.as_raw_nonzero().get())?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, Pid::from_raw(fields.next()?.parse().ok()?)))
}

/// What everybody may know of a process.
pub(crate) struct Life {
    /// What it calls itself.
    pub(crate) name: Vec<u8>,
    /// When it was forked, in the kernel's unit, since the machine started.
    pub(crate) started: u64,
}

/// What is known of a process; `None` if it is gone.
pub(crate) fn life(pid: i32) -> Option<Life> {
    /// Counted from behind the name.
    const STARTED: usize = 19;
    let (name, fields) = stat(pid)?;
    let started = fields.split_ascii_whitespace().nth(STARTED)?;
    Some(Life {
        name,
        started: started.parse().ok()?,
    })
}

/// The name, and what stands behind it, up to 20 fields (/proc/PID/stat, proc(5)).
fn stat(pid: i32) -> Option<(Vec<u8>, String)> {
    // One read gives what is wanted: each process that starts is looked at, with its ancestors.
    let mut status = [0; 512];
    let mut file = fs::File::open(format!("/proc/{pid}/stat")).ok()?;
    let length = file.read(&mut status).ok()?;
    let status = &status[..length];
    // The name stands in parentheses and may hold anything, parentheses too: 64 bytes at most.
    let name = status.iter().position(|byte| *byte == b'(')? + 1;
    let end = status.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(&status[end + 1..]).ok()?;
    Some((status.get(name..end)?.to_vec(), fields.to_owned()))
}

/// Sends a signal to every descendant.
pub fn signal_all(signal: Signal) {
    for pid in descendants() {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Kills every descendant, spared ones too, until there is none: not even one that was forked meanwhile.
pub fn kill_all() {
    while pass_of_killing(|_| false) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Kills every descendant that is not spared, until none is seen. One that is hidden by the death of its parent is seen the
/// next time, when it is a child of this process.
pub(crate) fn kill_tree() {
    let mut unseen = 0;
    while unseen < 2 && pass_of_killing(spared::is_spared) {
        // Who cannot look does not see anybody: then all go.
        unseen = if can_look() && descendants().is_empty() {
            unseen + 1
        } else {
            0
        };
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Kills whom it sees, and waits for who is dead; whether there are children left.
fn pass_of_killing(is_left_out: impl Fn(Pid) -> bool) -> bool {
    if can_look() {
        for pid in descendants_but(is_left_out) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    } else {
        kill_children_unseen();
    }
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                spared::note_end(pid, status.as_raw());
            }
            Err(rustix::io::Errno::INTR) => {}
            // Killed, but not dead yet; or new.
            Ok(None) => return true,
            // ECHILD: nobody is left.
            Err(_) => return false,
        }
    }
}

/// Whether descendants can be looked for: it takes a descriptor.
fn can_look() -> bool {
    fs::File::open("/proc/self/stat").is_ok()
}

/// Kills the children without a descriptor, which a process of the tree may have taken away (prlimit(2)). What they leave
/// behind are children of this process next.
fn kill_children_unseen() {
    let children = known_children();
    for pid in &children {
        let _ = rustix::process::kill_process(*pid, Signal::KILL);
    }
    if children.is_empty() {
        kill_children_by_number();
    }
}

/// The children that can be seen without opening anything.
fn known_children() -> Vec<Pid> {
    let mut text = [0; 4096];
    let length = CHILDREN
        .get()
        .and_then(|children| children.read_at(&mut text, 0).ok());
    let text = text[..length.unwrap_or(0)].utf8_chunks().next();
    // The last of more than fit may be cut: it comes first when those before it are dead.
    let text = text.map_or("", |chunk| chunk.valid());
    let whole = text.rfind(' ').map_or("", |end| &text[..end]);
    numbers(whole).collect()
}

/// Tries every process id: slow, and sure.
fn kill_children_by_number() {
    /// What `pid_max` is at most (proc(5)).
    const MOST: i32 = 1 << 22;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    for pid in (1..=MOST).filter_map(Pid::from_raw) {
        // Waiting for somebody else's child is an error (ECHILD).
        if rustix::process::waitid(WaitId::Pid(pid), options).is_ok() {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn children_are_known_without_opening_anything() {
        adopt_orphans().expect("any Linux can");
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
        let pid = Pid::from_child(&child);
        assert!(known_children().contains(&pid));
        child.kill().expect("killed");
        child.wait().expect("reaped");
        assert!(!known_children().contains(&pid));
    }

    #[test]
    fn a_child_has_a_name_and_is_no_older_than_its_parent() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
        let of_child = life(Pid::from_child(&child).as_raw_nonzero().get()).expect("it lives");
        let own = life(rustix::process::getpid().as_raw_nonzero().get()).expect("it lives");
        assert_eq!(of_child.name, b"sleep");
        assert!(of_child.started >= own.started && own.started > 0);
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }

    #[test]
    fn a_child_is_a_descendant_and_init_is_none() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
        let pid = Pid::from_child(&child);
        assert!(descendants().contains(&pid));
        assert_eq!(is_descendant(pid), Some(true));
        assert_eq!(is_descendant(Pid::from_raw(1).expect("not 0")), Some(false));
        child.kill().expect("killed");
        child.wait().expect("reaped");
        assert_eq!(is_descendant(pid), None);
    }
}
