//! What front and supervisor tell each other, over a socket pair.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// The longest text in a message.
const LONGEST: usize = 32 * 1024;

/// How the command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status.
    Exited(i32),
    /// A signal killed it.
    Signalled(i32),
    /// The policy ended the run.
    Killed,
    /// Audithook itself could not go on.
    Fault(String),
    /// The program was not found.
    NotFound(String),
    /// The program cannot be executed.
    NotExecutable(String),
}

/// From the supervisor to front, and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// The command runs, as this process.
    Started(i32),
    /// The command was stopped by this signal.
    Stopped(i32),
    /// The run has ended; the journal is closed.
    Ended(Ended),
    /// Front was continued, having been told of so many stops: so is the command, unless it has stopped again meanwhile.
    Continue(i32),
    /// Front got this signal from another process: the command gets it.
    Signal(i32),
}

impl Message {
    fn encode(&self) -> Vec<u8> {
        let (kind, number, text) = match self {
            Self::Started(pid) => (10, *pid, ""),
            Self::Stopped(signal) => (1, *signal, ""),
            Self::Continue(stops) => (2, *stops, ""),
            Self::Signal(signal) => (3, *signal, ""),
            Self::Ended(Ended::Exited(status)) => (4, *status, ""),
            Self::Ended(Ended::Signalled(signal)) => (5, *signal, ""),
            Self::Ended(Ended::Killed) => (6, 0, ""),
            Self::Ended(Ended::Fault(text)) => (7, 0, text.as_str()),
            Self::Ended(Ended::NotFound(text)) => (8, 0, text.as_str()),
            Self::Ended(Ended::NotExecutable(text)) => (9, 0, text.as_str()),
        };
        let mut bytes = vec![kind];
        bytes.extend(number.to_ne_bytes());
        bytes.extend(&text.as_bytes()[..text.len().min(LONGEST)]);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[kind, a, b, c, d], text) = bytes.split_first_chunk::<5>()?;
        let number = i32::from_ne_bytes([a, b, c, d]);
        let text = || String::from_utf8_lossy(text).into_owned();
        Some(match kind {
            10 => Self::Started(number),
            1 => Self::Stopped(number),
            2 => Self::Continue(number),
            3 => Self::Signal(number),
            4 => Self::Ended(Ended::Exited(number)),
            5 => Self::Ended(Ended::Signalled(number)),
            6 => Self::Ended(Ended::Killed),
            7 => Self::Ended(Ended::Fault(text())),
            8 => Self::Ended(Ended::NotFound(text())),
            9 => Self::Ended(Ended::NotExecutable(text())),
            _ => return None,
        })
    }
}

/// One end.
#[derive(Debug)]
pub(crate) struct Control(OwnedFd);

impl Control {
    /// Two connected ends.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(one), Self(other)))
    }

    /// Sends a message. That nobody is left to read it is found out elsewhere.
    pub(crate) fn send(&self, message: &Message) {
        let _ = rustix::io::retry_on_intr(|| {
            rustix::net::send(&self.0, &message.encode(), SendFlags::NOSIGNAL)
        });
    }

    /// The next message, without waiting; `None` if there is none now, or nobody at the other end.
    pub(crate) fn receive(&self) -> Option<Message> {
        let mut buffer = vec![0_u8; LONGEST + 5];
        loop {
            match rustix::net::recv(&self.0, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) => return Message::decode(buffer.get(..length)?),
                // The other end is closed and did not read everything, which is told once, before what it had sent (unix(7)).
                Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNRESET) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_one_that_did_not_listen_any_more_is_heard() {
        let (front, supervisor) = Control::pair().expect("a socket pair");
        let last = Message::Ended(Ended::Exited(3));
        supervisor.send(&last);
        front.send(&Message::Signal(2));
        drop(supervisor);
        assert_eq!(front.receive(), Some(last));
        assert_eq!(front.receive(), None);
    }

    #[test]
    fn messages_arrive_as_they_were_sent() {
        let (front, supervisor) = Control::pair().expect("a socket pair");
        let messages = [
            Message::Started(4242),
            Message::Stopped(20),
            Message::Continue(2),
            Message::Signal(15),
            Message::Ended(Ended::Exited(3)),
            Message::Ended(Ended::Signalled(11)),
            Message::Ended(Ended::Killed),
            Message::Ended(Ended::Fault("no room".into())),
            Message::Ended(Ended::NotFound("x".into())),
            Message::Ended(Ended::NotExecutable("y".into())),
        ];
        for message in &messages {
            supervisor.send(message);
        }
        for message in &messages {
            assert_eq!(front.receive().as_ref(), Some(message));
        }
        assert_eq!(front.receive(), None);
        drop(supervisor);
        assert_eq!(front.receive(), None);
        assert_eq!(Message::decode(b"x"), None);
    }
}
