//! The supervisor: starts the command, reads what the tree does, and does not let the tree outlive the run.
//!
//! Here are the loop and its phases, and what each thing that happens leads to. What the phases work on has rooms of its
//! own: [`waiting`](crate::waiting) for whatever happens next, the [`listener`](crate::listener), the table of
//! [`processes`](crate::processes), and the [`root`](crate::root) of the tree with the end of the run.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use audithook_wire::flat::Record;
use audithook_wire::message::{self, Message as Packet};
use rustix::process::{Pid, PidfdFlags};

use crate::budget::Budget;
use crate::control::{Control, Ended, Message};
use crate::descriptors::Limit;
use crate::directory::BACKLOG;
use crate::handler::{Directive, Handler};
use crate::judges::{Judges, Question};
use crate::launch::{Command, Inherited};
use crate::listener::{Accepted, Heard, Listener};
use crate::policy_files::PolicyFiles;
use crate::processes::Processes;
use crate::reap::{self, Change};
use crate::reloads::Reloads;
use crate::rings::{self, RefusedRing, Ring};
use crate::root::Root;
use crate::signals::Signals;
use crate::waiting::{Source, Waiting};
use crate::{descriptors, launch, tree};

/// How long a pause between two looks at the rings is while the tree is busy.
const BUSY: Duration = Duration::from_millis(10);
/// How many looks in a row must find nothing before the supervisor sleeps until a doorbell.
const IDLE_PASSES: u32 = 3;
/// How long the supervisor sleeps at most: a doorbell may be lost with the process that rang it.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How many connections are taken at a time: the rings and the tree's end do not wait for a flood of them.
const MOST_ACCEPTED: usize = 64;
/// How many are taken to reach one that is in the queue now: then the queue has been emptied once.
const ALL_THAT_WAIT: usize = BACKLOG + 1;

/// The signals that the supervisor reads instead of dying, stopping or ignoring.
pub(crate) const HANDLED: [i32; 11] = [
    libc::SIGCHLD,
    libc::SIGHUP,
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGPIPE,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// What the supervisor needs to begin.
pub(crate) struct Beginning<'c> {
    pub(crate) front: Pid,
    /// Front's process group, which is to be the command's.
    pub(crate) group: Pid,
    pub(crate) control: &'c Control,
    pub(crate) signals: Signals,
    pub(crate) sockets: [OwnedFd; 2],
    pub(crate) command: Command,
    pub(crate) inherited: Inherited,
    pub(crate) wait_tree: bool,
    pub(crate) covered: bool,
}

/// Runs until the tree has ended, and tells front how.
pub(crate) fn supervise(beginning: &mut Beginning<'_>, handler: &mut dyn Handler) -> Ended {
    // From here on the terminal's signals are for the command alone; those that came before are looked for.
    let _ = rustix::process::setpgid(None, None);
    if let Some(signal) = early_end(beginning) {
        return handler.finish(Ended::Signalled(signal));
    }
    let beginning = &*beginning;
    // The command starts before anything else: it does not wait for threads and tables.
    let root = match launch::start(&beginning.command, &beginning.inherited, beginning.group) {
        Ok(root) => root,
        Err(error) => return handler.finish(error.ended()),
    };
    beginning
        .control
        .send(&Message::Started(root.as_raw_nonzero().get()));
    descriptors::let_go(&beginning.inherited.descriptors);
    // Each process of the tree costs a descriptor here. The command has the limit that its caller gave it.
    let limit = Limit::raised();
    let ended = Supervisor::new(beginning, root, limit, handler)
        .and_then(|mut supervisor| supervisor.run(handler));
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => {
            tree::kill_tree();
            Ended::Fault(format!("the supervisor failed: {error}"))
        }
    };
    handler.finish(ended)
}

/// The signal that ended the run before there was a command to answer it: one that the group got, or that front passed on.
/// Others that front passed on are kept for the command.
fn early_end(beginning: &mut Beginning<'_>) -> Option<i32> {
    let Beginning {
        signals,
        control,
        inherited,
        ..
    } = beginning;
    let mut own = std::iter::from_fn(|| signals.next()).map(|arrived| arrived.signal);
    if let Some(signal) = own.find(|signal| inherited.dies_of(*signal)) {
        return Some(signal);
    }
    while let Some(message) = control.receive() {
        match message {
            Message::Signal(signal) if inherited.dies_of(signal) => return Some(signal),
            Message::Signal(signal) => inherited.early.add(signal),
            // There is nothing to continue but what stands here.
            Message::Continue(_) => inherited.early.add(libc::SIGCONT),
            _ => {}
        }
    }
    None
}

struct Supervisor<'b> {
    beginning: &'b Beginning<'b>,
    waiting: Waiting,
    judges: Option<Judges>,
    listener: Listener<'b>,
    processes: Processes,
    root: Root,
    files: Option<PolicyFiles>,
    reloads: Reloads,
    front: Option<OwnedFd>,
    idle_passes: u32,
    asleep: bool,
    started: Instant,
}

impl<'b> Supervisor<'b> {
    fn new(
        beginning: &'b Beginning<'b>,
        root: Pid,
        limit: Limit,
        handler: &mut dyn Handler,
    ) -> io::Result<Self> {
        let waiting = Waiting::new()?;
        let front = rustix::process::pidfd_open(beginning.front, PidfdFlags::empty());
        let budget = Budget::of_this_process();
        let listener = Listener::new(&beginning.sockets, budget.connections, limit, &waiting)?;
        waiting.add(beginning.control.as_fd(), Source::Control)?;
        waiting.add(beginning.signals.as_fd(), Source::Signals)?;
        let judges = handler
            .judge()
            .map(|judge| Judges::new(judge, budget.questions));
        let files = PolicyFiles::watch(&handler.watched());
        if let Some(files) = &files {
            waiting.add(files, Source::Files)?;
        }
        let mut supervisor = Self {
            beginning,
            waiting,
            judges,
            listener,
            processes: Processes::new(budget.lives),
            root: Root::new(root, beginning.wait_tree),
            files,
            reloads: Reloads::default(),
            front: None,
            idle_passes: 0,
            asleep: false,
            started: Instant::now(),
        };
        match front {
            Ok(front) => {
                supervisor.waiting.add(&front, Source::Front)?;
                supervisor.front = Some(front);
            }
            // Front is dead already.
            Err(_) => supervisor.end_for_front(),
        }
        let process = supervisor.processes.meet(
            number(root),
            None,
            !beginning.covered,
            &mut supervisor.waiting,
        );
        if !beginning.covered {
            handler.silent(process);
        }
        for signal in beginning.inherited.to_send() {
            supervisor.root.signal(signal);
        }
        Ok(supervisor)
    }

    fn run(&mut self, handler: &mut dyn Handler) -> io::Result<Ended> {
        loop {
            self.wait(handler)?;
            match self.pass(handler, false) {
                Directive::Continue => {}
                Directive::Kill => return Ok(self.end_at_once(handler, Ended::Killed)),
                Directive::Fault(text) => return Ok(self.end_at_once(handler, Ended::Fault(text))),
            }
            if let Some(Ended::Fault(text)) = self.root.ended() {
                let ended = Ended::Fault(text.clone());
                return Ok(self.end_at_once(handler, ended));
            }
            if self.root.ended().is_some() {
                if self.root.is_childless() {
                    break;
                }
                self.root.press();
            }
        }
        let ended = self.root.take_ended().unwrap_or(Ended::Exited(0));
        Ok(self.read_to_the_end(handler, ended))
    }

    /// The tree dies now, whatever it is doing.
    fn end_at_once(&mut self, handler: &mut dyn Handler, ended: Ended) -> Ended {
        tree::kill_tree();
        self.read_to_the_end(handler, ended)
    }

    /// Nobody is left: what they said before is in the rings, and in the socket's queue.
    fn read_to_the_end(&mut self, handler: &mut dyn Handler, ended: Ended) -> Ended {
        self.accept(handler, ALL_THAT_WAIT);
        for number in self.listener.silent() {
            self.read_connection(number, handler);
        }
        let unheard = self.listener.left_unheard();
        let directive = self.pass(handler, true);
        for pid in self.processes.everybody() {
            self.bury(pid, handler);
        }
        let last = handler.end_pass();
        match (directive, last) {
            (Directive::Fault(text), _) | (_, Directive::Fault(text)) => Ended::Fault(text),
            (Directive::Kill, _) | (_, Directive::Kill) => Ended::Killed,
            _ => match unheard {
                Some(error) if !matches!(ended, Ended::Fault(_)) => unheard_fault(&error),
                _ => ended,
            },
        }
    }

    /// Waits, and does what is to be done for what has happened, and for the time that has gone by.
    fn wait(&mut self, handler: &mut dyn Handler) -> io::Result<()> {
        let ready = self.waiting.wait(self.longest_wait())?;
        if self.asleep && !ready.is_empty() {
            self.wake();
        }
        for source in ready {
            match source {
                Source::Socket => self.accept(handler, MOST_ACCEPTED),
                Source::Control => self.hear_front(),
                Source::Signals => self.take_signals(),
                Source::Front => self.end_for_front(),
                Source::Files => self.take_file_changes(handler),
                Source::Numbered(number) => match self.processes.of_life(number) {
                    Some(pid) => self.bury(pid, handler),
                    None => self.read_connection(number, handler),
                },
            }
        }
        let now = Instant::now();
        self.listener.expire(now);
        if let Some(error) = self.listener.is_deaf(now) {
            self.root.overrule_end(unheard_fault(&error));
        }
        self.listener.listen_again(&self.waiting);
        self.processes.look_at_the_unwatched(&mut self.waiting);
        while let Some(pid) = self.processes.next_dead() {
            self.bury(pid, handler);
        }
        self.look_for_the_silent(handler);
        if self.reloads.take_due(now) {
            handler.reload();
            self.reloads.note_end(Instant::now());
        }
        Ok(())
    }

    fn longest_wait(&self) -> Duration {
        let longest = if self.asleep && self.listener.is_listening() {
            LONGEST_SLEEP
        } else {
            BUSY
        };
        let now = Instant::now();
        let moments = [
            self.root.deadline(),
            self.listener.next_expiry(),
            self.reloads.next(),
        ];
        moments
            .into_iter()
            .flatten()
            .fold(longest, |longest, moment| {
                longest.min(moment.saturating_duration_since(now))
            })
    }

    /// Looks at every ring once.
    fn pass(&mut self, handler: &mut dyn Handler, dead: bool) -> Directive {
        handler.begin_pass(now_ns());
        let records = self.processes.look_at_rings(dead, handler);
        let directive = handler.end_pass();
        if records > 0 {
            self.idle_passes = 0;
            if self.asleep {
                // A doorbell did not come: who was to ring it had no descriptor for it, or did not want to.
                self.wake();
            }
        } else {
            self.idle_passes = self.idle_passes.saturating_add(1);
            if self.idle_passes >= IDLE_PASSES && !self.asleep && self.root.ended().is_none() {
                self.sleep();
            }
        }
        directive
    }

    /// From now on a doorbell is wanted for the first record.
    fn sleep(&mut self) {
        let is_something = self.processes.set_sleeping(true);
        self.asleep = true;
        if is_something {
            self.wake();
        }
    }

    fn wake(&mut self) {
        self.processes.set_sleeping(false);
        self.asleep = false;
        self.idle_passes = 0;
    }

    /// Takes up to `most` connections, and what they have to say.
    fn accept(&mut self, handler: &mut dyn Handler, most: usize) {
        for _ in 0..most {
            match self.listener.accept(&mut self.waiting) {
                Accepted::Heard(heard) => self.take_packet(heard, handler),
                Accepted::Silent => {}
                Accepted::Nobody => return,
            }
        }
    }

    fn read_connection(&mut self, number: u64, handler: &mut dyn Handler) {
        if let Some(heard) = self.listener.read(number) {
            self.take_packet(heard, handler);
        }
    }

    fn take_packet(&mut self, heard: Heard, handler: &mut dyn Handler) {
        let packet = Packet::parse(&heard.packet);
        // A doorbell only wakes, whoever rings it; for the rest it must be one of the tree, or have been one: what a
        // process sent last is read when nothing is known of it any more.
        if matches!(packet, Err(_) | Ok(Packet::Doorbell))
            || tree::is_descendant(heard.peer) == Some(false)
        {
            return;
        }
        let pid = number(heard.peer);
        match packet {
            Ok(Packet::Hello(record)) => {
                // Over a connection that it opened before it may have said that it exists, until it became another program and
                // said so over this one: the ring of the one must not replace that of the other.
                for number in self.listener.silent_of(heard.peer, heard.number) {
                    self.read_connection(number, handler);
                }
                self.hello(pid, &record, heard.ring(), handler);
            }
            Ok(Packet::Exec(record)) => handler.notice(self.processes.current(pid), &record),
            Ok(Packet::Ask(_)) => {
                let process = self.processes.current(pid);
                if let Some(judges) = &mut self.judges {
                    judges.ask(Question {
                        connection: heard.connection,
                        process,
                        packet: heard.packet,
                    });
                }
                // Without a judge the connection closes, which is a refusal.
            }
            // A process that gets none says so itself, and does not go on.
            Ok(Packet::Lend) => drop(rings::lend(&heard.connection)),
            Ok(Packet::Doorbell) | Err(_) => {}
        }
    }

    /// A process announces itself, or the program that it has become.
    fn hello(
        &mut self,
        pid: u32,
        record: &Record<'_>,
        ring: Result<Ring, RefusedRing>,
        handler: &mut dyn Handler,
    ) {
        if self.processes.has_its_ring(pid) {
            // Its records would be dropped with its ring, and what it does from here on not be seen.
            self.processes.kill(pid);
            let process = self.processes.current(pid);
            let reason =
                "the process was killed, for it announced itself twice as the same program";
            handler.lost(process, 0, reason);
            return;
        }
        self.processes.replace(pid, handler);
        let (ring, refused) = match ring {
            Ok(ring) => (Some(ring), None),
            Err(refused) => (None, Some(refused)),
        };
        let process = self.processes.meet(pid, ring, true, &mut self.waiting);
        handler.hello(process, record);
        if let Some(refused) = refused
            && message::is_hooked(record)
        {
            // It takes itself for recorded, and would act unseen.
            self.processes.kill(pid);
            let reason = format!("the process was killed, for its ring was refused: {refused}");
            handler.lost(process, 0, &reason);
        }
        // The new ring does not ask for doorbells.
        self.wake();
    }

    /// The process is dead: its ring is read to the end.
    fn bury(&mut self, pid: u32, handler: &mut dyn Handler) {
        // Whatever it sent before it died is in the socket's queue: a hello with a ring, perhaps.
        self.accept(handler, ALL_THAT_WAIT);
        if let Some(gone) = self.processes.remove(pid, handler) {
            self.reap();
            self.processes.tell_exit(&gone, handler);
        }
    }

    /// The command that has not announced itself within a second does not hold the library.
    fn look_for_the_silent(&mut self, handler: &mut dyn Handler) {
        if self.started.elapsed() < Duration::from_secs(1) {
            return;
        }
        if let Some(process) = self.processes.give_up(number(self.root.pid())) {
            handler.silent(process);
        }
    }

    fn take_signals(&mut self) {
        while let Some(arrived) = self.beginning.signals.next() {
            match arrived.signal {
                libc::SIGCHLD => self.reap(),
                libc::SIGHUP => self.reloads.ask(),
                libc::SIGTERM => self
                    .root
                    .end(|| Ended::Fault("the supervisor was told to end (SIGTERM)".into())),
                _ => {}
            }
        }
    }

    /// Takes note of children that ended, stopped or went on.
    fn reap(&mut self) {
        loop {
            match reap::next_change() {
                Change::None => return,
                Change::NoChildren => return self.root.note_childless(),
                Change::Stopped(pid, signal) => {
                    if pid == self.root.pid() {
                        self.root.note_stop();
                        self.beginning.control.send(&Message::Stopped(signal));
                    }
                }
                Change::Ended(pid, exit) => {
                    if pid == self.root.pid() {
                        self.root.note_exit(exit);
                    }
                    self.processes.note_exit(pid, exit);
                }
            }
        }
    }

    fn hear_front(&mut self) {
        while let Some(message) = self.beginning.control.receive() {
            match message {
                // The shell continues the whole group: the command only if it is not among those, and if this is not the
                // next stop, which front has not heard of. A stop is counted before or after it is seen here, so it is
                // looked for first and counted then.
                Message::Continue(stops) => {
                    let is_stopped = tree::is_stopped(self.root.pid());
                    self.reap();
                    if is_stopped {
                        self.root.continue_after(stops);
                    }
                }
                Message::Signal(signal) => self.root.signal(signal),
                _ => {}
            }
        }
    }

    /// Front is dead: the tree goes with it.
    fn end_for_front(&mut self) {
        if let Some(front) = self.front.take() {
            self.waiting.remove(&front);
        }
        self.root.overrule_end(Ended::Fault(
            "front died, so the command was ended with everything that it had started".into(),
        ));
    }

    fn take_file_changes(&mut self, handler: &dyn Handler) {
        if let Some(files) = &self.files
            && files.have_changed(&handler.watched())
        {
            self.reloads.ask();
        }
    }
}

/// How a run ends in which processes cannot be heard: they take themselves for recorded, and would act unseen.
fn unheard_fault(error: &io::Error) -> Ended {
    Ended::Fault(format!(
        "processes of the run could not be heard any more, so that they would not have been recorded: {error}"
    ))
}

/// CLOCK_MONOTONIC in nanoseconds.
fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// A process id as the records have it.
fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().cast_unsigned()
}
