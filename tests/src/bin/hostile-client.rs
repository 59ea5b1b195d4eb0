//! A process of the tree that speaks to the supervisor as no honest process does.
//!
//! ```text
//! hostile-client silent N        opens N connections, says nothing, and waits until all of them are closed
//! hostile-client mute N          keeps N such connections open, for ever
//! hostile-client flood THREADS   connects and rings the doorbell, again and again, for ever
//! hostile-client questions N     asks N questions at a time and says how many were refused without being judged
//! hostile-client images N        announces N programs, one after the other
//! hostile-client no-ring         announces an interpreter and sends no ring
//! hostile-client large-ring      announces an interpreter with a ring that is larger than any
//! hostile-client twice           announces an interpreter with a ring, and then itself without one
//! hostile-client unheard LAPS    fills its ring so many times, and never rings the doorbell
//! ```
//!
//! It says one line when it has begun and one when it has seen what came of it.

use std::error::Error;
use std::io::{self, IoSlice, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use audithook_abi::{Source, Value};
use audithook_wire::flat::{Encoder, MAX_RECORD, Meta, Name};
use audithook_wire::message::{self, Kind, MAX_PACKET, MAX_REPLY, Reply, Start};
use audithook_wire::ring::{DEFAULT_CAPACITY, Layout, Producer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType,
};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// How long it waits for what ought to come.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let socket = socket()?;
    allow_many_descriptors()?;
    match arguments[..] {
        ["silent", count] => silent(&socket, count.parse()?),
        ["mute", count] => mute(&socket, count.parse()?),
        ["flood", threads] => flood(&socket, threads.parse()?),
        ["questions", count] => questions(&socket, count.parse()?),
        ["images", count] => images(&socket, count.parse()?),
        ["no-ring"] => announce(&socket, true, None).and_then(|()| survive()),
        ["large-ring"] => {
            let ring = memory(Layout::for_capacity(64 * DEFAULT_CAPACITY).mapping_len())?;
            announce(&socket, true, Some(&ring)).and_then(|()| survive())
        }
        ["twice"] => {
            let (ring, _producer) = ring()?;
            announce(&socket, true, Some(&ring))?;
            announce(&socket, false, None).and_then(|()| survive())
        }
        ["unheard", laps] => unheard(&socket, laps.parse()?),
        _ => Err(format!("no such misdeed: {arguments:?}").into()),
    }
}

/// The supervisor's socket lies beside the library that this process was started with.
fn socket() -> Result<PathBuf> {
    let preload = std::env::var("LD_PRELOAD")?;
    let library = preload.split([':', ' ']).next().unwrap_or_default();
    let directory = Path::new(library)
        .parent()
        .ok_or("the library lies in the run's directory")?;
    Ok(directory.join("socket"))
}

fn allow_many_descriptors() -> Result {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// Says a line.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    // Whoever listened may be gone.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn connect(socket: &Path) -> Result<OwnedFd> {
    let connection = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::net::connect(&connection, &SocketAddrUnix::new(socket)?)?;
    Ok(connection)
}

fn silent(socket: &Path, count: usize) -> Result {
    let mut open = (0..count)
        .map(|_| connect(socket))
        .collect::<Result<Vec<_>>>()?;
    say("begun");
    let end = Instant::now() + PATIENCE;
    while !open.is_empty() && Instant::now() < end {
        let closed = closed(&open, Duration::from_secs(1))?;
        let mut place = 0;
        open.retain(|_| {
            place += 1;
            !closed[place - 1]
        });
    }
    say(&format!("open: {}", open.len()));
    Ok(())
}

/// Which of the connections have been closed at the other end, waiting for the first of them.
fn closed(open: &[OwnedFd], patience: Duration) -> Result<Vec<bool>> {
    let mut polled: Vec<_> = open
        .iter()
        .map(|connection| PollFd::new(connection, PollFlags::empty()))
        .collect();
    poll(&mut polled, Some(&Timespec::try_from(patience)?))?;
    Ok(polled
        .iter()
        .map(|polled| polled.revents().contains(PollFlags::HUP))
        .collect())
}

fn mute(socket: &Path, count: usize) -> Result {
    let mut open = (0..count)
        .map(|_| connect(socket))
        .collect::<Result<Vec<_>>>()?;
    say("begun");
    loop {
        let closed = closed(&open, Duration::from_millis(10))?;
        for (connection, _) in open.iter_mut().zip(closed).filter(|(_, closed)| *closed) {
            *connection = connect(socket)?;
        }
    }
}

fn flood(socket: &Path, threads: usize) -> Result {
    let ring = || -> Result {
        let connection = connect(socket)?;
        let doorbell = message::signal(Kind::Doorbell);
        rustix::net::send(&connection, &doorbell, SendFlags::NOSIGNAL)?;
        Ok(())
    };
    ring()?;
    say("begun");
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| while ring().is_ok() {});
        }
    });
    Ok(())
}

fn questions(socket: &Path, count: usize) -> Result {
    let mut buffer = [0; MAX_PACKET];
    let question = message::record(
        Kind::Ask,
        &mut buffer,
        Name::Text(b"shop.order"),
        &meta(),
        |encoder| {
            encoder.arg(Name::Text(b"0"), &Value::str("slow"));
        },
    );
    let mut asked = Vec::new();
    for _ in 0..count {
        let connection = connect(socket)?;
        rustix::net::send(&connection, question, SendFlags::NOSIGNAL)?;
        asked.push(connection);
    }
    say("begun");
    let refused = asked
        .iter()
        .map(|connection| {
            let mut reply = [0; MAX_REPLY];
            // Answered or closed: a question that is given up without an answer has no reason either.
            let length =
                rustix::net::recv(connection, &mut reply[..], rustix::net::RecvFlags::empty())?.1;
            let reply = Reply::parse(&reply[..length]);
            Ok(reply.is_ok_and(|reply| reply.verdict.refuses()))
        })
        .collect::<Result<Vec<bool>>>()?;
    let refused = refused.iter().filter(|refused| **refused).count();
    say(&format!("refused: {refused}"));
    Ok(())
}

fn images(socket: &Path, count: usize) -> Result {
    for _ in 0..count {
        announce(socket, false, None)?;
    }
    say("begun");
    // Until it is told to end.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn meta() -> Meta {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Meta {
        time_ns: now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned(),
        pid: std::process::id(),
        tid: std::process::id(),
        ..Meta::new(Source::Libc)
    }
}

fn announce(socket: &Path, hooked: bool, ring: Option<&OwnedFd>) -> Result {
    let mut buffer = [0; MAX_PACKET];
    let start = Start {
        ppid: 1,
        uid: rustix::process::getuid().as_raw(),
        hooked,
        exe: b"/an/image",
        cwd: b"/",
    };
    let packet = message::hello(&mut buffer, &meta(), &start, [&b"image"[..]]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = ring.map(|ring| [ring.as_fd()]);
    if let Some(rights) = &rights {
        control.push(SendAncillaryMessage::ScmRights(rights));
    }
    let connection = connect(socket)?;
    rustix::net::sendmsg(
        &connection,
        &[IoSlice::new(packet)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// Lives on, if it is let.
fn survive() -> Result {
    say("begun");
    std::thread::sleep(PATIENCE);
    say("survived");
    Ok(())
}

/// Memory for a ring, sealed as the supervisor wants it.
fn memory(length: usize) -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = rustix::fs::memfd_create("hostile-ring", flags)?;
    rustix::fs::ftruncate(&memory, length as u64)?;
    rustix::fs::fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(memory)
}

/// A ring, which stays in this process's memory.
fn ring() -> Result<(OwnedFd, Producer)> {
    use rustix::mm::{MapFlags, ProtFlags};
    let layout = Layout::default();
    let memory = memory(layout.mapping_len())?;
    // SAFETY: a new shared mapping of fresh memory, never unmapped, which the producer alone touches.
    let producer = unsafe {
        let base = rustix::mm::mmap(
            std::ptr::null_mut(),
            layout.mapping_len(),
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::SHARED,
            &memory,
            0,
        )?;
        Producer::create(base.cast(), layout.mapping_len())?
    };
    Ok((memory, producer))
}

fn unheard(socket: &Path, laps: usize) -> Result {
    let layout = Layout::default();
    let (memory, producer) = ring()?;
    announce(socket, true, Some(&memory))?;
    say("begun");
    let mut buffer = [0; MAX_RECORD];
    let text = "x".repeat(8000);
    let mut encoder = Encoder::new(&mut buffer, Name::Text(b"unheard"), &meta());
    encoder.arg(Name::Text(b"0"), &Value::str(&text));
    let record = encoder.finish();
    // Until one finds the supervisor asleep. It goes to sleep when a few looks in a row have found nothing.
    while !producer.push(record).is_ok_and(|pushed| pushed.doorbell) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut left = laps * layout.capacity() / record.len();
    while left > 0 {
        match producer.push(record) {
            Ok(_unrung) => left -= 1,
            Err(_full) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    say("done");
    Ok(())
}
