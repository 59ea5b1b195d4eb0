//! Waiting until somebody has something to say (epoll(7)), and what the numbers of the set stand for.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};

/// Where something has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The run's socket: somebody connects.
    Socket,
    /// Front's end of the control socket.
    Control,
    /// A signal.
    Signals,
    /// Front's pidfd: it is dead.
    Front,
    /// The policy's files.
    Files,
    /// Something that came and will go, by its number.
    Numbered(u64),
}

impl Source {
    /// The sources that are there once, by their numbers in the set.
    const SINGLE: [Self; 5] = [
        Self::Socket,
        Self::Control,
        Self::Signals,
        Self::Front,
        Self::Files,
    ];

    fn number(self) -> u64 {
        match self {
            Self::Socket => 0,
            Self::Control => 1,
            Self::Signals => 2,
            Self::Front => 3,
            Self::Files => 4,
            Self::Numbered(number) => number,
        }
    }

    fn of(number: u64) -> Self {
        let single = usize::try_from(number).ok();
        single
            .and_then(|place| Self::SINGLE.get(place).copied())
            .unwrap_or(Self::Numbered(number))
    }
}

/// The set of descriptors that are waited for.
#[derive(Debug)]
pub(crate) struct Waiting {
    epoll: OwnedFd,
    next_number: u64,
}

impl Waiting {
    /// An empty set.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            next_number: Source::SINGLE.len() as u64,
        })
    }

    /// Takes a descriptor into the set.
    pub(crate) fn add(&self, descriptor: impl AsFd, source: Source) -> io::Result<()> {
        epoll::add(
            &self.epoll,
            descriptor,
            epoll::EventData::new_u64(source.number()),
            epoll::EventFlags::IN,
        )?;
        Ok(())
    }

    /// Takes a descriptor into the set under a number that no other had before. It leaves the set when it is closed.
    pub(crate) fn add_numbered(&mut self, descriptor: impl AsFd) -> io::Result<u64> {
        let number = self.next_number;
        self.next_number += 1;
        self.add(descriptor, Source::Numbered(number))?;
        Ok(number)
    }

    /// Takes a descriptor out of the set.
    pub(crate) fn remove(&self, descriptor: impl AsFd) {
        let _ = epoll::delete(&self.epoll, descriptor);
    }

    /// Waits until something happens, or for so long.
    pub(crate) fn wait(&self, longest: Duration) -> io::Result<Vec<Source>> {
        let longest = Timespec {
            tv_sec: longest.as_secs() as i64,
            tv_nsec: longest.subsec_nanos().into(),
        };
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; 64];
        match epoll::wait(&self.epoll, &mut events, Some(&longest)) {
            Ok((ready, _)) => Ok(ready
                .iter()
                .map(|event| Source::of(event.data.u64()))
                .collect()),
            Err(rustix::io::Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_known_by_its_number() {
        for source in Source::SINGLE {
            assert_eq!(Source::of(source.number()), source);
        }
        let first = Waiting::new().expect("a descriptor").next_number;
        assert_eq!(Source::of(first), Source::Numbered(first));
    }
}
