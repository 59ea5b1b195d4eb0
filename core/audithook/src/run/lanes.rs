//! The lanes of the processes: each process that lives has one in the [`Merger`], and one that is gone has none.

use std::collections::HashMap;

use audithook_journal::{Merger, Ring};
use audithook_supervisor::Process;

/// Brings the records of all processes into one order.
pub(super) struct Lanes<T> {
    merger: Merger<T>,
    own: Ring,
    by_process: HashMap<Process, Ring>,
}

impl<T> Lanes<T> {
    /// With a lane for the supervisor's own records.
    pub(super) fn new() -> Self {
        let mut merger = Merger::new();
        let own = merger.add();
        Self {
            merger,
            own,
            by_process: HashMap::new(),
        }
    }

    /// Adds a record of the supervisor's own.
    pub(super) fn push_own(&mut self, time_ns: u64, now_ns: u64, record: T) {
        self.merger.push(self.own, time_ns, now_ns, record);
    }

    /// Adds a record of a process from which more is to come, until it is [gone](Lanes::remove).
    pub(super) fn push(&mut self, process: Process, time_ns: u64, now_ns: u64, record: T) {
        let lane = self.lane(process);
        self.merger.push(lane, time_ns, now_ns, record);
    }

    /// Adds a record of a process of which nothing else may ever be heard.
    pub(super) fn push_single(&mut self, process: Process, time_ns: u64, now_ns: u64, record: T) {
        if self.by_process.contains_key(&process) {
            return self.push(process, time_ns, now_ns, record);
        }
        let lane = self.merger.add();
        self.merger.push(lane, time_ns, now_ns, record);
        self.merger.remove(lane);
    }

    /// Says whether the last look at the ring of a process stopped at a record that is being written.
    pub(super) fn set_blocked(&mut self, process: Process, blocked: bool, now_ns: u64) {
        let lane = self.lane(process);
        self.merger.set_blocked(lane, blocked, now_ns);
    }

    /// Nothing more comes from this process.
    pub(super) fn remove(&mut self, process: Process) {
        if let Some(lane) = self.by_process.remove(&process) {
            self.merger.remove(lane);
        }
    }

    /// What is due, in its order.
    pub(super) fn take_until(&mut self, cutoff_ns: u64) -> Vec<(u64, T)> {
        let mut due = Vec::new();
        self.merger
            .emit(cutoff_ns, |_, time_ns, record| due.push((time_ns, record)));
        due
    }

    /// Everything that is left, in its order.
    pub(super) fn take_all(&mut self) -> Vec<(u64, T)> {
        let mut due = Vec::new();
        self.merger
            .finish(|_, time_ns, record| due.push((time_ns, record)));
        due
    }

    fn lane(&mut self, process: Process) -> Ring {
        *self
            .by_process
            .entry(process)
            .or_insert_with(|| self.merger.add())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32) -> Process {
        Process {
            pid,
            incarnation: 1,
        }
    }

    #[test]
    fn a_process_that_is_gone_has_no_lane_and_its_records_still_come() {
        let mut lanes = Lanes::new();
        for pid in 0..1000 {
            lanes.push(process(pid), pid.into(), 5000, pid);
            lanes.remove(process(pid));
        }
        assert!(lanes.by_process.is_empty());
        let records: Vec<u32> = lanes.take_all().into_iter().map(|(_, pid)| pid).collect();
        assert!(records.into_iter().eq(0..1000));
    }

    #[test]
    fn a_single_record_makes_no_lane_and_keeps_its_place() {
        let mut lanes = Lanes::new();
        lanes.push(process(1), 10, 100, "first");
        lanes.push_single(process(2), 20, 100, "second");
        lanes.push_own(30, 100, "third");
        lanes.push_single(process(1), 40, 100, "fourth");
        assert_eq!(lanes.by_process.len(), 1);
        assert_eq!(lanes.take_until(20), [(10, "first"), (20, "second")]);
        assert_eq!(lanes.take_all(), [(30, "third"), (40, "fourth")]);
    }
}
