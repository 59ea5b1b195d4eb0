//! The way to the supervisor: a ring for what happened, a connection for what is asked.
//!
//! No descriptor stays open: the program would see it, close it, or find its number taken. The ring's memfd is sent and
//! closed, its mapping stays; each question and doorbell is a connection of its own.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use audithook_abi::Source;
use audithook_wire::flat::Meta;
use audithook_wire::message::{self, Kind, MAX_REPLY, Reply, Start};
use audithook_wire::ring::{DEFAULT_CAPACITY, Layout, Producer};

use crate::paths::LONGEST;
use crate::pool::Claim;
use crate::{environment, fatal, process};

/// How long one wait for room in the ring lasts, in nanoseconds: the supervisor may have died meanwhile.
const SLICE_NS: i64 = 10_000_000;

/// The ring of this process: a `Producer` in a page of its own.
static RING: AtomicPtr<Producer> = AtomicPtr::new(core::ptr::null_mut());

/// A connection to the supervisor, closed when dropped.
struct Connection(c_int);

impl Connection {
    fn open() -> Option<Self> {
        let path = process::run_file(b"socket");
        // SAFETY: all-zero is a valid sockaddr_un.
        let mut address: libc::sockaddr_un = unsafe { core::mem::zeroed() };
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        for (to, from) in address.sun_path.iter_mut().zip(&path) {
            *to = *from as core::ffi::c_char;
        }
        // SAFETY: a plain system call.
        let descriptor =
            unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0) };
        if descriptor < 0 {
            return None;
        }
        let connection = Self(descriptor);
        loop {
            // SAFETY: the address is valid for its length.
            let failed = unsafe {
                libc::connect(
                    descriptor,
                    (&raw const address).cast(),
                    size_of::<libc::sockaddr_un>() as libc::socklen_t,
                )
            } != 0;
            if !failed {
                return Some(connection);
            }
            // SAFETY: the location is this thread's own.
            if unsafe { *libc::__errno_location() } != libc::EINTR {
                return None;
            }
        }
    }

    fn send(&self, packet: &[u8], descriptor: Option<c_int>) -> bool {
        #[repr(C, align(8))]
        struct Control([u8; 24]);
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
                let sent = libc::sendmsg(self.0, &raw const header, libc::MSG_NOSIGNAL);
                if sent >= 0 {
                    return true;
                }
                if *libc::__errno_location() != libc::EINTR {
                    return false;
                }
            }
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        loop {
            // SAFETY: the buffer is writable for its length.
            let length = unsafe { libc::recv(self.0, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
            if length > 0 {
                return Some(length as usize);
            }
            // SAFETY: the location is this thread's own.
            if length == 0 || unsafe { *libc::__errno_location() } != libc::EINTR {
                return None;
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: opened by this value, closed once.
        unsafe { libc::syscall(libc::SYS_close, self.0) };
    }
}

/// Tells the supervisor of this process. A process that raises events gets its ring here and cannot go on without.
pub(crate) fn announce(hooked: bool) {
    let ring = hooked.then(make_ring);
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
    let sent = Connection::open().is_some_and(|connection| {
        connection.send(packet, ring.as_ref().map(|(descriptor, _)| *descriptor))
    });
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

/// Makes a ring in a memfd that nobody can shrink under the supervisor's feet.
fn make_ring() -> (c_int, *mut Producer) {
    let layout = Layout::for_capacity(DEFAULT_CAPACITY);
    let length = layout.mapping_len();
    // SAFETY: a fresh memfd of zeros, mapped shared and never unmapped; the producer stands in a page of its own.
    unsafe {
        let descriptor = libc::memfd_create(
            c"audithook-ring".as_ptr(),
            libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING,
        );
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
        if descriptor < 0
            || libc::ftruncate(descriptor, length as i64) != 0
            || libc::fcntl(descriptor, libc::F_ADD_SEALS, seals) != 0
        {
            fatal::fault(&[b"no shared memory for the ring"]);
        }
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
        return Connection::open()
            .is_some_and(|connection| connection.send(&message::signal(Kind::Doorbell), None));
    }
    true
}

/// Sends a message that nobody answers, from any process, a borrowing one too.
pub(crate) fn tell(packet: &[u8]) -> bool {
    Connection::open().is_some_and(|connection| connection.send(packet, None))
}

/// Asks the supervisor a question, which is a whole message; `None` if it does not answer.
pub(crate) fn ask<'r>(question: &[u8], reply: &'r mut [u8; MAX_REPLY]) -> Option<Reply<'r>> {
    let connection = Connection::open()?;
    if !connection.send(question, None) {
        return None;
    }
    let length = connection.receive(reply)?;
    Reply::parse(&reply[..length]).ok()
}
