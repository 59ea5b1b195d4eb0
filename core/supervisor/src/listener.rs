//! The listening side: connections are taken from the queue, and the one packet of each is read.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use audithook_wire::message::MAX_PACKET;
use rustix::process::Pid;

use crate::connections::Connections;
use crate::descriptors::Limit;
use crate::rings::{RefusedRing, Ring};
use crate::waiting::{Source, Waiting};

/// How long the queue may stay closed to this process: a moment's want of memory ends nothing.
const LONGEST_DEAFNESS: Duration = Duration::from_secs(2);

/// The sockets, and who has connected and said nothing yet.
#[derive(Debug)]
pub(crate) struct Listener<'s> {
    sockets: &'s [OwnedFd; 2],
    /// Which of them is looked at first: they take turns.
    first: usize,
    silent: Connections,
    /// Whether the socket is waited for.
    is_listening: bool,
    limit: Limit,
    deafness: Option<Deafness>,
}

/// That nobody can be taken from the queue, who knows how many wait there.
#[derive(Clone, Copy, Debug)]
struct Deafness {
    since: Instant,
    /// How long it may last.
    longest: Duration,
    error: rustix::io::Errno,
}

/// What came of looking into the queue.
pub(crate) enum Accepted {
    /// Somebody who has sent already what there is to say: most have.
    Heard(Heard),
    /// Somebody of whom nothing was heard, or may be later.
    Silent,
    /// Nobody is there, or nobody more can be taken in.
    Nobody,
}

/// What somebody said.
pub(crate) struct Heard {
    pub(crate) connection: OwnedFd,
    /// Those with lower ones were opened before.
    pub(crate) number: u64,
    /// Who it is, as the kernel says.
    pub(crate) peer: Pid,
    pub(crate) packet: Vec<u8>,
    attached: Attached,
}

/// What came with a packet.
enum Attached {
    Descriptor(OwnedFd),
    /// A descriptor was sent for which there was no room.
    Cut,
    Nothing,
}

impl<'s> Listener<'s> {
    /// Listens, with room for so many that have said nothing.
    pub(crate) fn new(
        sockets: &'s [OwnedFd; 2],
        most_silent: usize,
        limit: Limit,
        waiting: &Waiting,
    ) -> io::Result<Self> {
        for socket in sockets {
            waiting.add(socket, Source::Socket)?;
        }
        Ok(Self {
            sockets,
            first: 0,
            silent: Connections::new(most_silent),
            is_listening: true,
            limit,
            deafness: None,
        })
    }

    /// Takes one connection from the queue.
    pub(crate) fn accept(&mut self, waiting: &mut Waiting) -> Accepted {
        let mut accepted = self.accept_once();
        let mut longest = LONGEST_DEAFNESS;
        if matches!(accepted, Err(rustix::io::Errno::MFILE)) {
            // Any process of the same user may have lowered the limit (prlimit(2)).
            if !self.limit.raise() {
                // For good: whoever waits in the queue would act unrecorded for nothing.
                longest = Duration::ZERO;
            }
            accepted = self.accept_once();
        }
        match accepted {
            Ok(connection) => {
                self.deafness = None;
                self.greet(connection, waiting)
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNABORTED) => Accepted::Silent,
            Err(rustix::io::Errno::AGAIN) => {
                self.deafness = None;
                Accepted::Nobody
            }
            Err(error) => {
                // Out of descriptors or memory. Who waits in the queue would keep epoll from ever waiting.
                for socket in self.sockets {
                    waiting.remove(socket);
                }
                self.is_listening = false;
                let since = Instant::now();
                let deafness = self.deafness.get_or_insert(Deafness {
                    since,
                    longest,
                    error,
                });
                deafness.longest = deafness.longest.min(longest);
                Accepted::Nobody
            }
        }
    }

    fn accept_once(&mut self) -> rustix::io::Result<OwnedFd> {
        let flags = rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK;
        self.first = 1 - self.first;
        match rustix::net::accept_with(&self.sockets[self.first], flags) {
            Err(rustix::io::Errno::AGAIN) => {
                rustix::net::accept_with(&self.sockets[1 - self.first], flags)
            }
            accepted => accepted,
        }
    }

    /// Why nobody has been heard for too long.
    pub(crate) fn is_deaf(&self, now: Instant) -> Option<io::Error> {
        self.deafness
            .filter(|deafness| now.saturating_duration_since(deafness.since) >= deafness.longest)
            .map(|deafness| deafness.error.into())
    }

    /// Why the queue was not emptied when it was looked into last.
    pub(crate) fn left_unheard(&self) -> Option<io::Error> {
        self.deafness.map(|deafness| deafness.error.into())
    }

    fn greet(&mut self, connection: OwnedFd, waiting: &mut Waiting) -> Accepted {
        let Some(peer) = peer_of(&connection) else {
            return Accepted::Silent;
        };
        match receive(&connection) {
            Ok((packet, attached)) => Accepted::Heard(Heard {
                connection,
                number: u64::MAX,
                peer,
                packet,
                attached,
            }),
            Err(rustix::io::Errno::AGAIN) => {
                if let Ok(number) = waiting.add_numbered(&connection) {
                    let now = Instant::now();
                    self.silent.insert(number, connection, peer, now);
                }
                Accepted::Silent
            }
            Err(_) => Accepted::Silent,
        }
    }

    /// Reads the one packet of a connection that was silent until now.
    pub(crate) fn read(&mut self, number: u64) -> Option<Heard> {
        let (connection, peer) = self.silent.get(number)?;
        let received = receive(connection);
        if matches!(received, Err(rustix::io::Errno::AGAIN)) {
            return None;
        }
        let connection = self.silent.remove(number)?;
        let (packet, attached) = received.ok()?;
        Some(Heard {
            connection,
            number,
            peer,
            packet,
            attached,
        })
    }

    /// The numbers of a process's connections before this one that have said nothing yet, oldest first.
    pub(crate) fn silent_of(&self, peer: Pid, number: u64) -> Vec<u64> {
        self.silent.older(peer, number)
    }

    /// The numbers of those that have said nothing yet.
    pub(crate) fn silent(&self) -> Vec<u64> {
        self.silent.numbers()
    }

    /// Closes those that have said nothing for too long.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.silent.expire(now);
    }

    /// When the next one is to be closed.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.silent.next_expiry()
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.is_listening
    }

    /// Looks into the queue again, after a pause.
    pub(crate) fn listen_again(&mut self, waiting: &Waiting) {
        if !self.is_listening {
            self.is_listening = self
                .sockets
                .iter()
                .all(|socket| matches!(waiting.add(socket, Source::Socket), Ok(())));
        }
    }
}

impl Heard {
    /// The ring that was sent.
    pub(crate) fn ring(&self) -> Result<Ring, RefusedRing> {
        match &self.attached {
            Attached::Descriptor(descriptor) => Ring::map(descriptor),
            Attached::Cut => Err(RefusedRing::Cut),
            Attached::Nothing => Err(RefusedRing::Missing),
        }
    }
}

/// Who is at the other end (SO_PEERCRED, unix(7)); `None` for a process that has no number here.
fn peer_of(connection: &OwnedFd) -> Option<Pid> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // Not rustix's: in its answer a number of 0, which is what a process of an outer namespace has, cannot be told.
    // SAFETY: the kernel writes at most `length` bytes.
    let failed = unsafe {
        libc::getsockopt(
            connection.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    } != 0;
    if failed {
        None
    } else {
        Pid::from_raw(peer.pid)
    }
}

/// One packet, and what came with it.
fn receive(connection: &OwnedFd) -> rustix::io::Result<(Vec<u8>, Attached)> {
    let mut packet = vec![0_u8; MAX_PACKET];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = rustix::net::RecvAncillaryBuffer::new(&mut space);
    let mut parts = [io::IoSliceMut::new(&mut packet)];
    let message = rustix::io::retry_on_intr(|| {
        rustix::net::recvmsg(
            connection,
            &mut parts,
            &mut control,
            rustix::net::RecvFlags::CMSG_CLOEXEC | rustix::net::RecvFlags::DONTWAIT,
        )
    })?;
    let mut descriptor = None;
    for part in control.drain() {
        if let rustix::net::RecvAncillaryMessage::ScmRights(descriptors) = part {
            descriptor = descriptors.into_iter().next();
        }
    }
    packet.truncate(message.bytes);
    let is_cut = message.flags.contains(rustix::net::ReturnFlags::CTRUNC);
    let attached = match descriptor {
        Some(descriptor) => Attached::Descriptor(descriptor),
        None if is_cut => Attached::Cut,
        None => Attached::Nothing,
    };
    Ok((packet, attached))
}
