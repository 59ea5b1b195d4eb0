//! Connections that have said nothing yet. An honest process sends as soon as it is connected; one that does not gets a
//! second, and whatever it does, the others keep their places.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::process::Pid;

/// How long a connection may say nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many silent connections one process may have. Each of its threads has one for a moment, between two system calls.
const MOST_OF_A_PROCESS: usize = 128;

/// The silent connections, by their numbers, which grow.
#[derive(Debug)]
pub(crate) struct Connections {
    silent: BTreeMap<u64, Silent>,
    by_process: HashMap<Pid, usize>,
    most: usize,
}

#[derive(Debug)]
struct Silent {
    socket: OwnedFd,
    peer: Pid,
    until: Instant,
}

impl Connections {
    /// Room for so many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            silent: BTreeMap::new(),
            by_process: HashMap::new(),
            most,
        }
    }

    /// Takes a connection. Where there is no room, the oldest one of the greediest process is closed for it.
    pub(crate) fn insert(&mut self, number: u64, socket: OwnedFd, peer: Pid, now: Instant) {
        let count = self.by_process.entry(peer).or_insert(0);
        *count += 1;
        let loser = if *count > MOST_OF_A_PROCESS {
            Some(peer)
        } else if self.silent.len() >= self.most {
            let greediest = self.by_process.iter().max_by_key(|(_, count)| **count);
            greediest.map(|(peer, _)| *peer)
        } else {
            None
        };
        let until = now + PATIENCE;
        let silent = Silent {
            socket,
            peer,
            until,
        };
        self.silent.insert(number, silent);
        let oldest = loser.and_then(|loser| {
            let oldest = self.silent.iter().find(|(_, silent)| silent.peer == loser);
            oldest.map(|(number, _)| *number)
        });
        if let Some(oldest) = oldest {
            self.remove(oldest);
        }
    }

    /// The connection of this number and who is at its other end, if it is silent.
    pub(crate) fn get(&self, number: u64) -> Option<(&OwnedFd, Pid)> {
        let silent = self.silent.get(&number)?;
        Some((&silent.socket, silent.peer))
    }

    /// Gives a connection away: it has said something, or ended.
    pub(crate) fn remove(&mut self, number: u64) -> Option<OwnedFd> {
        let silent = self.silent.remove(&number)?;
        if let Some(count) = self.by_process.get_mut(&silent.peer) {
            *count -= 1;
            if *count == 0 {
                self.by_process.remove(&silent.peer);
            }
        }
        Some(silent.socket)
    }

    /// Closes those whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some((number, silent)) = self.silent.first_key_value()
            && silent.until <= now
        {
            let number = *number;
            self.remove(number);
        }
    }

    /// When the next one is to be closed.
    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        let (_, oldest) = self.silent.first_key_value()?;
        Some(oldest.until)
    }

    /// The numbers of those of one process that are older than one, oldest first.
    pub(crate) fn older(&self, peer: Pid, number: u64) -> Vec<u64> {
        if !self.by_process.contains_key(&peer) {
            return Vec::new();
        }
        let older = self.silent.range(..number);
        let of_peer = older.filter(|(_, silent)| silent.peer == peer);
        of_peer.map(|(number, _)| *number).collect()
    }

    /// Their numbers, oldest first.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.silent.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> OwnedFd {
        rustix::fs::memfd_create("socket", rustix::fs::MemfdFlags::CLOEXEC).expect("a descriptor")
    }

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number).expect("not 0")
    }

    #[test]
    fn a_process_with_too_many_loses_its_own_oldest() {
        let now = Instant::now();
        let mut connections = Connections::new(1000);
        connections.insert(0, socket(), pid(7), now);
        for number in 1..=1 + MOST_OF_A_PROCESS as u64 {
            connections.insert(number, socket(), pid(8), now);
        }
        assert!(connections.get(0).is_some(), "another's stays");
        assert!(connections.get(1).is_none(), "the oldest of the many goes");
        assert!(connections.get(2).is_some());
        assert_eq!(connections.numbers().len(), 1 + MOST_OF_A_PROCESS);
    }

    #[test]
    fn where_there_is_no_room_the_greediest_gives_way() {
        let now = Instant::now();
        let mut connections = Connections::new(5);
        connections.insert(1, socket(), pid(7), now);
        for number in 2..=5 {
            connections.insert(number, socket(), pid(8), now);
        }
        connections.insert(6, socket(), pid(9), now);
        assert_eq!(connections.numbers(), [1, 3, 4, 5, 6]);
    }

    #[test]
    fn those_of_a_process_that_are_older_than_one_are_found_oldest_first() {
        let now = Instant::now();
        let mut connections = Connections::new(10);
        for (number, peer) in [(1, 7), (2, 8), (3, 7), (4, 7)] {
            connections.insert(number, socket(), pid(peer), now);
        }
        assert_eq!(connections.older(pid(7), 4), [1, 3]);
        assert_eq!(connections.older(pid(7), u64::MAX), [1, 3, 4]);
        assert!(connections.older(pid(9), u64::MAX).is_empty());
    }

    #[test]
    fn the_time_of_each_ends() {
        let now = Instant::now();
        let mut connections = Connections::new(5);
        connections.insert(1, socket(), pid(7), now);
        connections.insert(2, socket(), pid(7), now + PATIENCE / 2);
        assert_eq!(connections.next_expiry(), Some(now + PATIENCE));
        connections.expire(now + PATIENCE);
        assert_eq!(connections.numbers(), [2]);
        assert!(connections.remove(2).is_some());
        assert!(connections.by_process.is_empty());
        assert_eq!(connections.next_expiry(), None);
    }
}
