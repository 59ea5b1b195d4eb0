//! Frames over a stream socket: the payload's length, what it is, the payload.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Length and kind.
const HEAD: usize = 5;
/// How much is read at a time at most: what a hook is told and says fits.
const MOST_AT_ONCE: usize = 64 * 1024;

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Channel {
    stream: UnixStream,
    /// The longest payload that is taken.
    most: usize,
    outgoing: Vec<u8>,
    /// What was read and is not taken yet is from `taken` to `filled`.
    incoming: Vec<u8>,
    taken: usize,
    filled: usize,
}

/// Why nothing more can be said or heard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// the other side is gone
    #[error("the other side is gone")]
    Closed,
    /// no answer in time
    #[error("no answer in time")]
    TimedOut,
    /// it says what it cannot say
    #[error("it says what it cannot say: {0}")]
    Nonsense(&'static str),
    /// the connection failed
    #[error("the connection failed: {0}")]
    Failed(io::ErrorKind),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::NotConnected => Self::Closed,
            kind => Self::Failed(kind),
        }
    }
}

impl Channel {
    pub(crate) fn new(stream: UnixStream, most: usize) -> Self {
        Self {
            stream,
            most,
            outgoing: Vec::new(),
            incoming: vec![0; most.min(MOST_AT_ONCE)],
            taken: 0,
            filled: 0,
        }
    }

    /// How long `send` and `receive` wait at most.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(patience)?;
        self.stream.set_write_timeout(patience)
    }

    /// Sends one frame, whose payload `write` appends.
    pub(crate) fn send(
        &mut self,
        kind: u8,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Broken> {
        self.outgoing.clear();
        self.outgoing.extend_from_slice(&[0; HEAD]);
        write(&mut self.outgoing);
        let length = u32::try_from(self.outgoing.len() - HEAD)
            .map_err(|_| Broken::Nonsense("it is longer than a frame can be"))?;
        self.outgoing[..4].copy_from_slice(&length.to_le_bytes());
        self.outgoing[4] = kind;
        self.stream.write_all(&self.outgoing)?;
        Ok(())
    }

    /// The next frame: what it is, and the payload.
    pub(crate) fn receive(&mut self) -> Result<(u8, &[u8]), Broken> {
        self.receive_until(None)
    }

    /// The next frame, which is to be there by `deadline`: one that trickles in is late, too.
    pub(crate) fn receive_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<(u8, &[u8]), Broken> {
        self.fill(HEAD, deadline)?;
        let head = &self.incoming[self.taken..self.taken + HEAD];
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length > self.most {
            return Err(Broken::Nonsense("it is longer than an answer can be"));
        }
        self.fill(HEAD + length, deadline)?;
        let begin = self.taken + HEAD;
        self.taken = begin + length;
        Ok((
            self.incoming[begin - 1],
            &self.incoming[begin..begin + length],
        ))
    }

    /// Reads until so many bytes are there that were not taken.
    fn fill(&mut self, count: usize, deadline: Option<Instant>) -> Result<(), Broken> {
        if self.taken > 0 {
            self.incoming.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
        }
        if self.incoming.len() < count {
            // A length alone does not get memory: it grows with what comes.
            self.incoming
                .resize(count.min(self.filled + MOST_AT_ONCE), 0);
        }
        let mut is_first = true;
        while self.filled < count {
            // The first wait is bounded by the patience of the socket.
            if !is_first && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(Broken::TimedOut);
            }
            is_first = false;
            if self.filled == self.incoming.len() {
                let next = count.min(self.incoming.len() + MOST_AT_ONCE);
                self.incoming.resize(next, 0);
            }
            match self.stream.read(&mut self.incoming[self.filled..]) {
                Ok(0) => return Err(Broken::Closed),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(most: usize) -> (Channel, Channel) {
        let (one, other) = UnixStream::pair().expect("a pair of sockets");
        (Channel::new(one, most), Channel::new(other, most))
    }

    #[test]
    fn frames_come_as_they_were_sent() {
        let (mut one, mut other) = pair(1 << 20);
        for length in [0, 1, 4000, 60_000] {
            one.send(7, |out| out.resize(out.len() + length, 9))
                .expect("there is room");
        }
        for length in [0, 1, 4000, 60_000] {
            let (kind, payload) = other.receive().expect("a frame");
            assert_eq!((kind, payload), (7, &vec![9; length][..]));
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused() {
        let (mut one, mut other) = pair(10);
        one.send(1, |out| out.extend([0; 11]))
            .expect("there is room");
        assert!(matches!(other.receive(), Err(Broken::Nonsense(_))));
    }

    #[test]
    fn half_a_frame_is_the_end() {
        let (one, mut other) = pair(100);
        (&one.stream)
            .write_all(&[9, 0, 0, 0, 1, 5])
            .expect("there is room");
        drop(one);
        assert!(matches!(other.receive(), Err(Broken::Closed)));
    }
}
