//! The way to the supervisor: a ring for what happened, a connection for what is asked.
//!
//! No descriptor stays open: the program would see it, close it, or find its number taken. The ring's memfd is sent and
//! closed, its mapping stays; each question and doorbell is a connection of its own.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use audithook_abi::Source;
use audithook_wire::flat::Meta;
use audithook_wire::message::{self, Kind, MAX_REPLY, Reply, Start};
use audithook_wire::ring::{DEFAULT_CAPACITY, Layout, Producer};

use crate::interpose::errno;
use crate::paths::LONGEST;
use crate::pool::Claim;
use crate::{environment, fatal, process};

/// How long one wait for room in the ring lasts, in nanoseconds: the supervisor may have died meanwhile.
const SLICE_NS: i64 = 10_000_000;

/// The ring of this process: a `Producer` in a page of its own.
static RING: AtomicPtr<Producer> = AtomicPtr::new(core::ptr::null_mut());

/// Where the supervisor listens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Address {
    /// A file of the run directory.
    File,
    /// The abstract name that is the file's path: the same from every root.
    Abstract,
}

/// A connection to the supervisor, closed when dropped.
struct Connection {
    descriptor: c_int,
    /// Where the process had no descriptor left, its limit is another while this lives.
    _limit: Option<RaisedLimit>,
}

impl Connection {
    /// Connects; `None` if that is not possible now.
    fn open() -> Option<Self> {
        Self::try_open().ok()
    }

    /// Connects, or says why not, as an error's number.
    fn try_open() -> Result<Self, c_int> {
        let mut limit = None;
        let mut tries = 0;
        let descriptor = loop {
            // SAFETY: a plain system call.
            let descriptor = unsafe {
                libc::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0)
            };
            if descriptor >= 0 {
                break descriptor;
            }
            let error = errno();
            if error != libc::EMFILE || tries == MOST_TRIES {
                return Err(error);
            }
            tries += 1;
            limit = RaisedLimit::new();
            if limit.is_none() {
                // Another thread does the same, for a moment.
                // SAFETY: a plain system call.
                unsafe { libc::sched_yield() };
            }
        };
        let connection = Self {
            descriptor,
            _limit: limit,
        };
        // A process that took another root does not find the file.
        connection
            .connect(Address::File)
            .or_else(|_| connection.connect(Address::Abstract))
            .map(|()| connection)
    }

    /// Connects to the supervisor, or says why not, as an error's number.
    fn connect(&self, to: Address) -> Result<(), c_int> {
        let path = process::run_file(b"socket");
        let length = path.iter().take_while(|byte| **byte != 0).count();
        // SAFETY: all-zero is a valid sockaddr_un.
        let mut address: libc::sockaddr_un = unsafe { core::mem::zeroed() };
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        // An abstract name begins with a zero, a path ends in one.
        let start = usize::from(to == Address::Abstract);
        for (to, from) in address.sun_path[start..].iter_mut().zip(&path[..length]) {
            *to = *from as core::ffi::c_char;
        }
        let length = offset_of!(libc::sockaddr_un, sun_path) + length + 1;
        loop {
            // SAFETY: the address is valid for its length, which `run_directory` bounds.
            let failed = unsafe {
                libc::connect(
                    self.descriptor,
                    (&raw const address).cast(),
                    length as libc::socklen_t,
                )
            } != 0;
            if !failed {
                return Ok(());
            }
            let error = errno();
            if error != libc::EINTR {
                return Err(error);
            }
        }
    }

    fn send(&self, packet: &[u8], descriptor: Option<c_int>) -> bool {
        let mut control = Control([0; 24]);
        let mut part = libc::iovec {
            iov_base: packet.as_ptr().cast_mut().cast::<c_void>(),
            iov_len: packet.len(),
        };
        // SAFETY: the message's parts outlive the call; the control buffer holds one header and one descriptor.
        unsafe {
            let mut header: libc::msghdr = core::mem::zeroed();
            header.msg_iov = &raw mut part;
            header.msg_iovlen = 1;
            if let Some(descriptor) = descriptor {
                header.msg_control = control.0.as_mut_ptr().cast();
                header.msg_controllen = libc::CMSG_SPACE(4) as usize;
                let rights = libc::CMSG_FIRSTHDR(&raw const header);
                (*rights).cmsg_level = libc::SOL_SOCKET;
                (*rights).cmsg_type = libc::SCM_RIGHTS;
                (*rights).cmsg_len = libc::CMSG_LEN(4) as usize;
                libc::CMSG_DATA(rights)
                    .cast::<c_int>()
                    .write_unaligned(descriptor);
            }
            loop {
                let sent = libc::sendmsg(self.descriptor, &raw const header, libc::MSG_NOSIGNAL);
                if sent >= 0 {
                    return true;
                }
                if errno() != libc::EINTR {
                    return false;
                }
            }
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        loop {
            // SAFETY: the buffer is writable for its length.
            let length =
                unsafe { libc::recv(self.descriptor, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
            if length > 0 {
                return Some(length as usize);
            }
            if length == 0 || errno() != libc::EINTR {
                return None;
            }
        }
    }

    /// Receives a descriptor.
    fn receive_descriptor(&self) -> Option<c_int> {
        let mut control = Control([0; 24]);
        let mut byte = 0_u8;
        let mut part = libc::iovec {
            iov_base: (&raw mut byte).cast::<c_void>(),
            iov_len: 1,
        };
        // SAFETY: the message's parts outlive the call; the control buffer holds one header and one descriptor, which is
        // read only if the header says that it is there.
        unsafe {
            let mut header: libc::msghdr = core::mem::zeroed();
            header.msg_iov = &raw mut part;
            header.msg_iovlen = 1;
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = control.0.len();
            while libc::recvmsg(self.descriptor, &raw mut header, libc::MSG_CMSG_CLOEXEC) < 0 {
                if errno() != libc::EINTR {
                    return None;
                }
            }
            let rights = libc::CMSG_FIRSTHDR(&raw const header);
            (!rights.is_null()
                && (*rights).cmsg_type == libc::SCM_RIGHTS
                && (*rights).cmsg_len == libc::CMSG_LEN(4) as usize)
                .then(|| libc::CMSG_DATA(rights).cast::<c_int>().read_unaligned())
        }
    }
}

/// The control part of a message with one descriptor.
#[repr(C, align(8))]
struct Control([u8; 24]);

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: opened by this value, closed once.
        unsafe { libc::syscall(libc::SYS_close, self.descriptor) };
    }
}

/// How often a descriptor is asked for where there is none left.
const MOST_TRIES: u32 = 1000;

/// Some thread has raised the limit of descriptors.
static RAISED: AtomicBool = AtomicBool::new(false);

/// The process's limit of descriptors, raised to what it may be, until this is dropped: a program may use all that it has.
struct RaisedLimit(libc::rlimit);

impl RaisedLimit {
    /// `None` if the limit cannot be raised, or another thread does it just now.
    fn new() -> Option<Self> {
        if RAISED.swap(true, Ordering::Acquire) {
            return None;
        }
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the struct is writable, and read as it was written.
        let raised = unsafe {
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && {
                let most = libc::rlimit {
                    rlim_cur: limit.rlim_max,
                    ..limit
                };
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const most) == 0
            }
        };
        if raised {
            return Some(Self(limit));
        }
        RAISED.store(false, Ordering::Release);
        None
    }
}

impl Drop for RaisedLimit {
    fn drop(&mut self) {
        // SAFETY: the limit as it was.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const self.0) };
        RAISED.store(false, Ordering::Release);
    }
}

/// Tells the supervisor of this process. A process that raises events gets its ring here and cannot go on without.
pub(crate) fn announce(hooked: bool) {
    let mut limit = None;
    let ring = hooked.then(|| make_ring(&mut limit));
    let mut claim = Claim::new();
    let Some(block) = claim.as_mut().map(Claim::block) else {
        fatal::fault(&[b"no memory to announce this process"]);
    };
    let mut executable = [0; LONGEST + 1];
    let mut directory = [0; LONGEST + 1];
    // SAFETY: plain system calls; the buffer is writable for its length.
    let (ppid, uid, length) = unsafe {
        let length = libc::syscall(libc::SYS_getcwd, directory.as_mut_ptr(), directory.len());
        (libc::getppid().cast_unsigned(), libc::getuid(), length)
    };
    let directory = &directory[..usize::try_from(length - 1).unwrap_or(0)];
    let start = Start {
        ppid,
        uid,
        hooked,
        exe: process::executable(&mut executable),
        cwd: directory,
    };
    let meta = Meta {
        time_ns: process::now_ns(),
        pid: process::pid(),
        tid: process::tid(),
        ..Meta::new(Source::Libc)
    };
    // SAFETY: the kernel's argument vector.
    let arguments = unsafe { environment::entries(process::arguments()) };
    let packet = message::hello(&mut block.record, &meta, &start, arguments);
    let sent = deliver(packet, ring.as_ref().map(|(descriptor, _)| *descriptor)).is_some();
    if let Some((descriptor, producer)) = ring {
        // SAFETY: made by make_ring; the mapping stays.
        unsafe { libc::syscall(libc::SYS_close, descriptor) };
        if !sent {
            fatal::fault(&[
                b"the supervisor cannot be reached, so this program must not run: `",
                process::run_directory(),
                b"/socket`",
            ]);
        }
        RING.store(producer, Ordering::Release);
    }
}

/// In a forked child: the ring is the parent's.
pub(crate) fn forget_ring() {
    RING.store(core::ptr::null_mut(), Ordering::Release);
}

/// Makes a ring. `limit` is where a limit is kept that had to be raised for it.
fn make_ring(limit: &mut Option<RaisedLimit>) -> (c_int, *mut Producer) {
    let length = Layout::for_capacity(DEFAULT_CAPACITY).mapping_len();
    let Some(descriptor) = make_memory(length, limit) else {
        fatal::fault(&[b"no shared memory for the ring"]);
    };
    // SAFETY: a fresh memfd of zeros, mapped shared and never unmapped; the producer stands in a page of its own.
    unsafe {
        let memory = libc::mmap(
            core::ptr::null_mut(),
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            descriptor,
            0,
        );
        let place = libc::mmap(
            core::ptr::null_mut(),
            size_of::<Producer>(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if memory == libc::MAP_FAILED || place == libc::MAP_FAILED {
            fatal::fault(&[b"no memory for the ring"]);
        }
        // A forked child must not write into its parent's ring, not even by mistake.
        libc::madvise(memory, length, libc::MADV_DONTFORK);
        let Ok(producer) = Producer::create(memory.cast(), length) else {
            fatal::fault(&[b"the ring has no valid layout"]);
        };
        let place = place.cast::<Producer>();
        place.write(producer);
        (descriptor, place)
    }
}

/// A memfd of so many bytes that nobody can shrink under the supervisor's feet.
fn make_memory(length: usize, limit: &mut Option<RaisedLimit>) -> Option<c_int> {
    if !may_make_files_of(length) {
        return deliver(&message::signal(Kind::Lend), None)?.receive_descriptor();
    }
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: plain system calls on a descriptor made here.
    unsafe {
        let mut descriptor = libc::memfd_create(c"audithook-ring".as_ptr(), flags);
        if descriptor < 0 && errno() == libc::EMFILE {
            *limit = RaisedLimit::new();
            descriptor = libc::memfd_create(c"audithook-ring".as_ptr(), flags);
        }
        (descriptor >= 0
            && libc::ftruncate(descriptor, length as i64) == 0
            && libc::fcntl(descriptor, libc::F_ADD_SEALS, seals) == 0)
            .then_some(descriptor)
    }
}

/// Whether the limit of file sizes lets this process make a file so long. Beyond it the kernel sends SIGXFSZ, which ends
/// the process.
fn may_make_files_of(length: usize) -> bool {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the struct is writable.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } != 0;
    failed || limit.rlim_cur >= length as libc::rlim_t
}

/// The ring, if this process has one.
pub(crate) fn ring() -> Option<&'static Producer> {
    let ring = RING.load(Ordering::Acquire);
    // SAFETY: null, or a producer that is never unmapped in this process.
    unsafe { ring.as_ref() }
}

/// Wakes the supervisor. A failure does no harm: it looks by itself from time to time.
pub(crate) fn ring_doorbell() {
    if let Some(connection) = Connection::open() {
        connection.send(&message::signal(Kind::Doorbell), None);
    }
}

/// Waits until the ring has more room, or a slice of time has gone by. Returns whether the supervisor still lives.
pub(crate) fn wait_for_room(word: &AtomicU32, value: u32, slices: u32) -> bool {
    let slice = libc::timespec {
        tv_sec: 0,
        tv_nsec: SLICE_NS,
    };
    // SAFETY: the word is mapped; FUTEX_WAIT is bounded by the slice.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            value,
            &raw const slice,
        )
    };
    if slices % 100 == 99 {
        return match Connection::try_open() {
            Ok(connection) => {
                connection.send(&message::signal(Kind::Doorbell), None);
                true
            }
            // Nobody listens there any more. Whatever else keeps this process from connecting, room may still come.
            Err(error) => !matches!(error, libc::ECONNREFUSED | libc::ENOENT),
        };
    }
    true
}

/// Sends a message that nobody answers, from any process, a borrowing one too.
pub(crate) fn tell(packet: &[u8]) -> bool {
    deliver(packet, None).is_some()
}

/// Sends a message over a connection of its own. A process that is stopped between the two finds its connection closed,
/// for those that say nothing do not stay, and connects again.
fn deliver(packet: &[u8], descriptor: Option<c_int>) -> Option<Connection> {
    const TRIES: usize = 5;
    (0..TRIES).find_map(|_| {
        let connection = Connection::open()?;
        connection.send(packet, descriptor).then_some(connection)
    })
}

/// Asks the supervisor a question, which is a whole message; `None` if it does not answer.
pub(crate) fn ask<'r>(question: &[u8], reply: &'r mut [u8; MAX_REPLY]) -> Option<Reply<'r>> {
    let length = deliver(question, None)?.receive(reply)?;
    Reply::parse(&reply[..length]).ok()
}
