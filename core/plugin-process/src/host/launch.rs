//! Starts the processes of plugins.

use std::ffi::OsString;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::message::LANES;

/// What the process is called: its first argument.
pub const NAME: &str = "audithook-plugin";

/// Who keeps the processes of plugins where another than this crate waits for children.
pub trait Nursery: Send + Sync {
    /// There is one.
    fn born(&self, pid: u32) {
        let _ = pid;
    }

    /// It has ended, and was waited for here.
    fn gone(&self, pid: u32) {
        let _ = pid;
    }

    /// How the process of this number ended, which somebody else has waited for: its wait status, if it is known.
    fn ended(&self, pid: u32) -> Option<i32> {
        let _ = pid;
        None
    }
}

/// Nobody else waits for children.
struct Own;

impl Nursery for Own {}

/// How processes of plugins are started. Clones are the same.
#[derive(Clone)]
pub struct Launcher {
    program: PathBuf,
    arguments: Vec<OsString>,
    pub(crate) nursery: Arc<dyn Nursery>,
}

impl std::fmt::Debug for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launcher")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// A process that has just been started.
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) control: UnixStream,
    pub(super) lanes: Vec<UnixStream>,
    pub(super) side: UnixStream,
}

impl Launcher {
    /// Starts `program` with these arguments, which is to call [`serve`](crate::serve).
    #[must_use]
    pub fn new<A: Into<OsString>>(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            nursery: Arc::new(Own),
        }
    }

    /// The same, where somebody else waits for children.
    #[must_use]
    pub fn with_nursery(self, nursery: Arc<dyn Nursery>) -> Self {
        Self { nursery, ..self }
    }

    pub(super) fn start(&self) -> io::Result<Started> {
        let (control, theirs) = UnixStream::pair()?;
        // Nothing of the caller's environment: it may hold secrets, and say what the dynamic linker loads.
        let child = Command::new(&self.program)
            .arg0(NAME)
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        self.nursery.born(child.id());
        let mut child = Abandoned(Some(child));
        let mut lanes = Vec::new();
        let mut theirs = Vec::new();
        for _ in 0..=LANES {
            let (one, other) = UnixStream::pair()?;
            lanes.push(one);
            theirs.push(other);
        }
        send_descriptors(&control, &theirs)?;
        let side = lanes.pop().ok_or(io::ErrorKind::Other)?;
        Ok(Started {
            child: child.0.take().ok_or(io::ErrorKind::Other)?,
            control,
            lanes,
            side,
        })
    }

    /// Waits for a process that has ended, or is about to.
    pub(super) fn wait(&self, child: &mut Child) -> Option<ExitStatus> {
        match child.wait() {
            Ok(status) => {
                self.nursery.gone(child.id());
                Some(status)
            }
            Err(_) => self.nursery.ended(child.id()).map(ExitStatus::from_raw),
        }
    }
}

/// A child that nobody wants yet.
struct Abandoned(Option<Child>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn send_descriptors(control: &UnixStream, streams: &[UnixStream]) -> io::Result<()> {
    let descriptors: Vec<_> = streams.iter().map(|stream| stream.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LANES + 1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(
        control,
        &[IoSlice::new(&[0])],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}
