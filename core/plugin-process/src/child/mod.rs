//! The plugin's process: gives up its rights, loads the library, answers.

mod control;
mod lane;
mod services;

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use audithook_loader::{Attached, LoadError, Plugin, SearchPath, Spec};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Signal, getpid, kill_process};

use crate::channel::{Broken, Channel};
use crate::message::{Answer, LANES, MOST_ON_CONTROL, MOST_ON_LANE, Start, kind};
use services::LaneServices;

/// The hooks that are attached, by number.
type Hooks = RwLock<Vec<Option<Attached>>>;

/// All that the process does. Its standard input is the control connection; when that ends, so does the process.
#[must_use]
pub fn serve() -> ExitCode {
    match try_serve() {
        Ok(()) | Err(Broken::Closed) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn try_serve() -> Result<(), Broken> {
    let control =
        UnixStream::from(rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3).map_err(io::Error::from)?);
    let mut lanes = take_lanes(&control)?;
    // What the library reads there is nothing.
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null).map_err(io::Error::from)?;
    let watched = control.try_clone()?;
    let mut control = Channel::new(control, MOST_ON_CONTROL);
    let (_, start) = control.receive()?;
    let start: Start =
        serde_json::from_slice(start).map_err(|_| Broken::Nonsense("no such start"))?;
    let side = Channel::new(lanes.pop().ok_or(Broken::Closed)?, MOST_ON_LANE);
    if let Err(error) = start.confinement.take_on() {
        let hint = "`placement = \"supervisor\"` runs the plugin in the supervisor, as code that you trust";
        let refused = Answer::Refused {
            refusal: format!("its process cannot be confined: {error}"),
            hint: Some(hint.to_owned()),
        };
        return answer(&mut control, &refused);
    }
    // From here on there is more than one thread, and each is confined.
    end_with_host(watched)?;
    let plugin = match load(&start) {
        Ok(plugin) => plugin,
        Err((refusal, hint)) => return answer(&mut control, &Answer::Refused { refusal, hint }),
    };
    let info = Box::new(plugin.info().clone());
    let services: Arc<LaneServices> = Arc::new(LaneServices::new(Mutex::new(side)));
    let hooks: Arc<Hooks> = Arc::default();
    for (number, stream) in lanes.into_iter().enumerate() {
        let hooks = Arc::clone(&hooks);
        thread::Builder::new()
            .name(format!("lane {number}"))
            .spawn(move || lane::run(Channel::new(stream, MOST_ON_LANE), &hooks))?;
    }
    answer(&mut control, &Answer::Loaded(info))?;
    control::run(control, &plugin, &services, &hooks)
}

/// Has a thread end the process when the host is gone: the library may be in a loop that never comes to an end.
fn end_with_host(control: UnixStream) -> io::Result<()> {
    thread::Builder::new()
        .name("host watch".to_owned())
        .spawn(move || {
            let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
            let mut polled = [PollFd::new(&control, PollFlags::RDHUP)];
            while !polled[0].revents().intersects(gone) {
                let _ = poll(&mut polled, None);
            }
            end()
        })?;
    Ok(())
}

/// Ends the process at once: nothing in here may hold that up, not even what the library does at exit.
fn end() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}

/// Loads the library.
fn load(start: &Start) -> Result<Plugin, (String, Option<String>)> {
    let digest = start.sha256.as_deref().map(str::parse).transpose();
    let spec = Spec {
        sha256: digest.map_err(|_| ("its hash is none".to_owned(), None))?,
        ..Spec::at(&start.name, &start.file)
    };
    Plugin::load(&spec, &SearchPath::default()).map_err(|error| {
        let hint = error.hint();
        let LoadError { refusal, .. } = error;
        (refusal.to_string(), hint)
    })
}

fn answer(control: &mut Channel, answer: &Answer) -> Result<(), Broken> {
    control.send(kind::CONTROL, |out| {
        // Writing to memory does not fail, and the answers are made of texts and numbers.
        let _ = serde_json::to_writer(out, answer);
    })
}

/// The lanes, and the side lane last: they come with the first byte.
fn take_lanes(control: &UnixStream) -> io::Result<Vec<UnixStream>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LANES + 1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    recvmsg(
        control,
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let descriptors: Vec<OwnedFd> = ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    Ok(descriptors.into_iter().map(UnixStream::from).collect())
}
