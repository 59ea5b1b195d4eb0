//! The supervisor: starts the command, reads what the tree does, and does not let the tree outlive the run.

use std::collections::HashMap;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use audithook_wire::flat::Record;
use audithook_wire::message::{self, MAX_PACKET, Message as Packet};
use rustix::event::epoll;
use rustix::fs::inotify;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::connections::Connections;
use crate::control::{Control, Ended, Message};
use crate::directory::BACKLOG;
use crate::handler::{Directive, Exit, Handler, Process};
use crate::judges::{Judges, Question};
use crate::launch::{Command, Inherited, LaunchError};
use crate::reap::{self, Change};
use crate::reloads::Reloads;
use crate::rings::{self, RefusedRing, Ring};
use crate::signals::Signals;
use crate::{descriptors, launch, tree};

/// How long what the command left running may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
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
/// How many connections may be open that have sent nothing yet.
const MOST_CONNECTIONS: usize = 1024;
/// How many questions may wait to be judged.
const MOST_QUESTIONS: usize = 1024;
/// How many ends are kept of children that did not announce themselves: their hellos may be in the queue.
const MOST_REAPED: usize = 4096;
/// How many changes of files are read at a time.
const MOST_CHANGES: usize = 1024;

const LISTEN: u64 = 1;
const CONTROL: u64 = 2;
const SIGNALS: u64 = 3;
const FRONT: u64 = 4;
const FILES: u64 = 5;
const FIRST_OTHER: u64 = 16;

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
    pub(crate) control: &'c Control,
    pub(crate) signals: Signals,
    pub(crate) socket: OwnedFd,
    pub(crate) command: Command,
    pub(crate) inherited: Inherited,
    pub(crate) wait_tree: bool,
    pub(crate) covered: bool,
}

/// Runs until the tree has ended, and tells front how.
pub(crate) fn supervise(beginning: &Beginning<'_>, handler: &mut dyn Handler) -> Ended {
    // The command starts before anything else, in front's process group: it does not wait for threads and tables.
    let root = match launch::start(&beginning.command, &beginning.inherited) {
        Ok(root) => root,
        Err(error) => return handler.finish(failed_launch(&error)),
    };
    beginning
        .control
        .send(&Message::Started(root.as_raw_nonzero().get()));
    descriptors::let_go(&beginning.inherited.descriptors);
    // Each process of the tree costs a descriptor here. The command has the limit that its caller gave it.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
    // From here on the terminal's signals are for the command alone.
    let _ = rustix::process::setpgid(None, None);
    let ended = Supervisor::new(beginning, root, handler)
        .and_then(|mut supervisor| supervisor.run(handler));
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => {
            tree::kill_all();
            Ended::Fault(format!("the supervisor failed: {error}"))
        }
    };
    handler.finish(ended)
}

fn failed_launch(error: &LaunchError) -> Ended {
    match error {
        LaunchError::Exec { program, source } => {
            let text = format!("`{program}`: {source}");
            if source.kind() == io::ErrorKind::NotFound {
                Ended::NotFound(text)
            } else {
                Ended::NotExecutable(text)
            }
        }
        LaunchError::Fork(_) => Ended::Fault(format!("{error}: {}", chain(error))),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What the descriptors that this process may have are for: a quarter each, and the last one for everything else.
#[derive(Clone, Copy)]
struct Budget {
    connections: usize,
    questions: usize,
    lives: usize,
}

impl Budget {
    fn of_this_process() -> Self {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let quarter = limit.map_or(usize::MAX, |limit| (limit / 4) as usize);
        Self {
            connections: quarter.min(MOST_CONNECTIONS),
            questions: quarter.min(MOST_QUESTIONS),
            lives: quarter,
        }
    }
}

/// How the end of a process will be heard of.
enum Life {
    /// By its pidfd.
    Watched(OwnedFd),
    /// By asking from time to time: there is no descriptor for it.
    Unwatched,
    /// It is over.
    Over,
}

/// Everything that is known of a process that announced itself, or is the command.
struct Known {
    process: Process,
    life: Life,
    ring: Option<Ring>,
    announced: bool,
}

struct Supervisor<'b> {
    beginning: &'b Beginning<'b>,
    epoll: OwnedFd,
    /// Never closed: that waits for the kernel's other readers, 10 ms and more, and the command's end would too.
    files: ManuallyDrop<Option<OwnedFd>>,
    judges: Option<Judges>,
    root: Pid,
    root_status: Option<Ended>,
    /// When what is left of the tree is killed.
    deadline: Option<Instant>,
    /// How often the command was stopped.
    stops: i32,
    known: HashMap<u32, Known>,
    incarnations: HashMap<u32, u32>,
    budget: Budget,
    front: Option<OwnedFd>,
    /// Whether the socket is in the epoll set.
    listening: bool,
    /// What is behind a number of the epoll set.
    connections: Connections,
    lives: HashMap<u64, u32>,
    unwatched: Vec<u32>,
    reloads: Reloads,
    reaped: HashMap<u32, Exit>,
    /// Processes that had died when they were met.
    dead: Vec<u32>,
    next_number: u64,
    idle_passes: u32,
    asleep: bool,
    childless: bool,
    started: Instant,
}

impl<'b> Supervisor<'b> {
    fn new(beginning: &'b Beginning<'b>, root: Pid, handler: &mut dyn Handler) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let front = rustix::process::pidfd_open(beginning.front, PidfdFlags::empty());
        let watch = |descriptor: BorrowedFd<'_>, number| {
            epoll::add(
                &epoll,
                descriptor,
                epoll::EventData::new_u64(number),
                epoll::EventFlags::IN,
            )
        };
        watch(beginning.socket.as_fd(), LISTEN)?;
        watch(beginning.control.as_fd(), CONTROL)?;
        watch(beginning.signals.as_fd(), SIGNALS)?;
        let budget = Budget::of_this_process();
        let judges = handler
            .judge()
            .map(|judge| Judges::new(judge, budget.questions));
        let files = watch_files(handler);
        if let Some(files) = &files {
            watch(files.as_fd(), FILES)?;
        }
        let mut supervisor = Self {
            beginning,
            files: ManuallyDrop::new(files),
            judges,
            root,
            root_status: None,
            deadline: None,
            stops: 0,
            known: HashMap::new(),
            incarnations: HashMap::new(),
            budget,
            front: None,
            listening: true,
            connections: Connections::new(budget.connections),
            lives: HashMap::new(),
            unwatched: Vec::new(),
            reloads: Reloads::default(),
            reaped: HashMap::new(),
            dead: Vec::new(),
            next_number: FIRST_OTHER,
            idle_passes: 0,
            asleep: false,
            childless: false,
            started: Instant::now(),
            epoll,
        };
        match front {
            Ok(front) => {
                supervisor.watch(front.as_fd(), FRONT)?;
                supervisor.front = Some(front);
            }
            // Front is dead already.
            Err(_) => supervisor.end_for_front(),
        }
        let process = supervisor.meet(
            root.as_raw_nonzero().get().cast_unsigned(),
            None,
            !beginning.covered,
        );
        if !beginning.covered {
            handler.silent(process);
        }
        Ok(supervisor)
    }

    fn watch(&self, descriptor: BorrowedFd<'_>, number: u64) -> io::Result<()> {
        epoll::add(
            &self.epoll,
            descriptor,
            epoll::EventData::new_u64(number),
            epoll::EventFlags::IN,
        )?;
        Ok(())
    }

    fn run(&mut self, handler: &mut dyn Handler) -> io::Result<Ended> {
        loop {
            self.wait(handler)?;
            match self.pass(handler, false) {
                Directive::Continue => {}
                Directive::Kill => return Ok(self.end_at_once(handler, Ended::Killed)),
                Directive::Fault(text) => return Ok(self.end_at_once(handler, Ended::Fault(text))),
            }
            if let Some(Ended::Fault(text)) = &self.root_status {
                let ended = Ended::Fault(text.clone());
                return Ok(self.end_at_once(handler, ended));
            }
            if self.root_status.is_some() {
                if self.childless {
                    break;
                }
                self.press();
            }
        }
        let ended = self.root_status.take().unwrap_or(Ended::Exited(0));
        Ok(self.read_to_the_end(handler, ended))
    }

    /// The tree dies now, whatever it is doing.
    fn end_at_once(&mut self, handler: &mut dyn Handler, ended: Ended) -> Ended {
        tree::kill_all();
        self.read_to_the_end(handler, ended)
    }

    /// Nobody is left: what they said before is in the rings, and in the socket's queue.
    fn read_to_the_end(&mut self, handler: &mut dyn Handler, ended: Ended) -> Ended {
        self.accept(handler, ALL_THAT_WAIT);
        for number in self.connections.numbers() {
            self.read_connection(number, handler);
        }
        let directive = self.pass(handler, true);
        let everybody: Vec<u32> = self.known.keys().copied().collect();
        for pid in everybody {
            self.bury(pid, handler);
        }
        let last = handler.end_pass();
        match (directive, last) {
            (Directive::Fault(text), _) | (_, Directive::Fault(text)) => Ended::Fault(text),
            (Directive::Kill, _) | (_, Directive::Kill) => Ended::Killed,
            _ => ended,
        }
    }

    fn wait(&mut self, handler: &mut dyn Handler) -> io::Result<()> {
        let timeout = self.timeout();
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; 64];
        let ready = match epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            Ok((ready, _)) => ready
                .iter()
                .map(|event| event.data.u64())
                .collect::<Vec<_>>(),
            Err(rustix::io::Errno::INTR) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if self.asleep && !ready.is_empty() {
            self.wake();
        }
        for number in ready {
            match number {
                LISTEN => self.accept(handler, MOST_ACCEPTED),
                CONTROL => self.hear_front(handler),
                SIGNALS => self.take_signals(handler),
                FRONT => self.end_for_front(),
                FILES => self.take_file_changes(handler),
                number if self.lives.contains_key(&number) => {
                    if let Some(pid) = self.lives.get(&number).copied() {
                        self.bury(pid, handler);
                    }
                }
                number => self.read_connection(number, handler),
            }
        }
        let now = Instant::now();
        self.connections.expire(now);
        self.listen_again();
        self.look_at_the_unwatched();
        while let Some(pid) = self.dead.pop() {
            self.bury(pid, handler);
        }
        self.look_for_the_silent(handler);
        if self.reloads.take_due(now) {
            handler.reload();
            self.reloads.note_end(Instant::now());
        }
        Ok(())
    }

    fn timeout(&self) -> rustix::event::Timespec {
        let sleep = if self.asleep && self.listening {
            LONGEST_SLEEP
        } else {
            BUSY
        };
        let now = Instant::now();
        let moments = [
            self.deadline,
            self.connections.next_expiry(),
            self.reloads.next(),
        ];
        let sleep = moments.into_iter().flatten().fold(sleep, |sleep, moment| {
            sleep.min(moment.saturating_duration_since(now))
        });
        rustix::event::Timespec {
            tv_sec: sleep.as_secs() as i64,
            tv_nsec: sleep.subsec_nanos().into(),
        }
    }

    /// Looks at every ring once.
    fn pass(&mut self, handler: &mut dyn Handler, dead: bool) -> Directive {
        handler.begin_pass(now_ns());
        let mut records = 0;
        for known in self.known.values_mut() {
            let Some(ring) = &mut known.ring else {
                continue;
            };
            let process = known.process;
            let drained = ring.drain(dead, |bytes| handler.record(process, bytes));
            records += drained.records;
            handler.looked(process, drained.blocked);
            ring.wake_waiters();
            let error = drained.error.map(|error| {
                // What it does from here on would not be recorded.
                kill(process.pid, &known.life);
                format!("the process was killed: {error}")
            });
            report_loss(handler, process, ring, error);
        }
        let directive = handler.end_pass();
        if records > 0 {
            self.idle_passes = 0;
            if self.asleep {
                // A doorbell did not come: who was to ring it had no descriptor for it, or did not want to.
                self.wake();
            }
        } else {
            self.idle_passes = self.idle_passes.saturating_add(1);
            if self.idle_passes >= IDLE_PASSES && !self.asleep && self.root_status.is_none() {
                self.sleep();
            }
        }
        directive
    }

    /// From now on a doorbell is wanted for the first record.
    fn sleep(&mut self) {
        let mut waiting = false;
        for known in self.known.values_mut() {
            if let Some(ring) = &mut known.ring {
                waiting |= ring.set_sleeping(true);
            }
        }
        self.asleep = true;
        if waiting {
            self.wake();
        }
    }

    fn wake(&mut self) {
        for known in self.known.values_mut() {
            if let Some(ring) = &mut known.ring {
                ring.set_sleeping(false);
            }
        }
        self.asleep = false;
        self.idle_passes = 0;
    }

    /// Takes up to `most` connections, and what they have to say.
    fn accept(&mut self, handler: &mut dyn Handler, most: usize) {
        for _ in 0..most {
            let flags = rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK;
            match rustix::net::accept_with(&self.beginning.socket, flags) {
                Ok(connection) => self.greet(connection, handler),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNABORTED) => {}
                Err(rustix::io::Errno::AGAIN) => return,
                Err(_) => {
                    // Out of descriptors or memory. Who waits in the queue would keep epoll from ever waiting.
                    let _ = epoll::delete(&self.epoll, &self.beginning.socket);
                    self.listening = false;
                    return;
                }
            }
        }
    }

    /// Looks into the queue again, after a pause.
    fn listen_again(&mut self) {
        if !self.listening {
            self.listening = self.watch(self.beginning.socket.as_fd(), LISTEN).is_ok();
        }
    }

    fn greet(&mut self, connection: OwnedFd, handler: &mut dyn Handler) {
        // Who it is, the kernel says.
        let Some(peer) = peer_of(&connection) else {
            return;
        };
        match receive(&connection) {
            // Most have sent already what they have to say.
            Ok(received) => self.take_packet(connection, peer, received, handler),
            Err(rustix::io::Errno::AGAIN) => {
                let number = self.next_number;
                self.next_number += 1;
                if self.watch(connection.as_fd(), number).is_ok() {
                    let now = Instant::now();
                    self.connections.insert(number, connection, peer, now);
                }
            }
            Err(_) => {}
        }
    }

    /// Reads the one packet of a connection that was silent until now.
    fn read_connection(&mut self, number: u64, handler: &mut dyn Handler) {
        let Some((connection, peer)) = self.connections.get(number) else {
            return;
        };
        let received = receive(connection);
        if matches!(received, Err(rustix::io::Errno::AGAIN)) {
            return;
        }
        if let Some(connection) = self.connections.remove(number)
            && let Ok(received) = received
        {
            self.take_packet(connection, peer, received, handler);
        }
    }

    fn take_packet(
        &mut self,
        connection: OwnedFd,
        peer: Pid,
        received: Received,
        handler: &mut dyn Handler,
    ) {
        let packet = Packet::parse(&received.packet);
        // A doorbell only wakes, whoever rings it; for the rest it must be one of the tree, or have been one: what a
        // process sent last is read when nothing is known of it any more.
        if matches!(packet, Err(_) | Ok(Packet::Doorbell))
            || tree::is_descendant(peer) == Some(false)
        {
            return;
        }
        let pid = peer.as_raw_nonzero().get().cast_unsigned();
        match packet {
            Ok(Packet::Hello(record)) => {
                let ring = received.ring();
                self.hello(pid, &record, ring, handler);
            }
            Ok(Packet::Exec(record)) => {
                let process = self.process(pid);
                handler.notice(process, &record);
            }
            Ok(Packet::Ask(_)) => {
                let process = self.process(pid);
                if let Some(judges) = &mut self.judges {
                    judges.ask(Question {
                        connection,
                        process,
                        packet: received.packet,
                    });
                }
                // Without a judge the connection closes, which is a refusal.
            }
            // A process that gets none says so itself, and does not go on.
            Ok(Packet::Lend) => drop(rings::lend(&connection)),
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
        self.bury_image(pid, handler);
        let (ring, refused) = match ring {
            Ok(ring) => (Some(ring), None),
            Err(refused) => (None, Some(refused)),
        };
        let process = self.meet(pid, ring, true);
        handler.hello(process, record);
        if let Some(refused) = refused
            && message::is_hooked(record)
        {
            // It takes itself for recorded, and would act unseen.
            if let Some(known) = self.known.get(&pid) {
                kill(pid, &known.life);
            }
            let reason = format!("the process was killed, for its ring was refused: {refused}");
            handler.lost(process, 0, &reason);
        }
        // The new ring does not ask for doorbells.
        self.wake();
    }

    /// The process of this id, as it is now.
    fn process(&self, pid: u32) -> Process {
        match self.known.get(&pid) {
            Some(known) => known.process,
            None => Process {
                pid,
                incarnation: self.incarnations.get(&pid).map_or(1, |last| last + 1),
            },
        }
    }

    /// Takes a process, or the new program of one, into the table.
    fn meet(&mut self, pid: u32, ring: Option<Ring>, announced: bool) -> Process {
        if let Some(known) = self.known.get_mut(&pid)
            && !known.announced
        {
            // The command announces itself at last.
            known.announced = announced;
            known.ring = ring;
            return known.process;
        }
        let incarnation = self.incarnations.entry(pid).or_insert(0);
        *incarnation += 1;
        let process = Process {
            pid,
            incarnation: *incarnation,
        };
        let life = self.watch_life(pid);
        match life {
            // An end that was noted under this number was another's.
            Life::Watched(_) => drop(self.reaped.remove(&pid)),
            Life::Unwatched => self.unwatched.push(pid),
            // It died before we looked: what it said is in its ring, and nothing else will come.
            Life::Over => self.dead.push(pid),
        }
        self.known.insert(
            pid,
            Known {
                process,
                life,
                ring,
                announced,
            },
        );
        process
    }

    /// Arranges to hear of the end of a process.
    fn watch_life(&mut self, pid: u32) -> Life {
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
            return Life::Over;
        };
        if self.lives.len() >= self.budget.lives {
            return match rustix::process::test_kill_process(pid) {
                Err(rustix::io::Errno::SRCH) => Life::Over,
                _ => Life::Unwatched,
            };
        }
        match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(life) => {
                let number = self.next_number;
                self.next_number += 1;
                if self.watch(life.as_fd(), number).is_err() {
                    return Life::Unwatched;
                }
                self.lives
                    .insert(number, pid.as_raw_nonzero().get().cast_unsigned());
                Life::Watched(life)
            }
            Err(rustix::io::Errno::SRCH) => Life::Over,
            // Anything else is wrong here, and says nothing of the process.
            Err(_) => Life::Unwatched,
        }
    }

    fn look_at_the_unwatched(&mut self) {
        for pid in std::mem::take(&mut self.unwatched) {
            let is_unwatched = |known: &Known| matches!(known.life, Life::Unwatched);
            if !self.known.get(&pid).is_some_and(is_unwatched) {
                continue;
            }
            let life = self.watch_life(pid);
            match life {
                Life::Watched(_) => {}
                Life::Unwatched => self.unwatched.push(pid),
                Life::Over => self.dead.push(pid),
            }
            if let Some(known) = self.known.get_mut(&pid) {
                known.life = life;
            }
        }
    }

    /// The process has replaced its program: the old one's ring is complete.
    fn bury_image(&mut self, pid: u32, handler: &mut dyn Handler) {
        let Some(known) = self.known.get_mut(&pid) else {
            return;
        };
        if !known.announced {
            return;
        }
        if let Some(ring) = &mut known.ring {
            let process = known.process;
            read_out(handler, process, ring);
        }
        handler.replaced(known.process);
        self.known.remove(&pid);
        self.lives.retain(|_, of| *of != pid);
    }

    /// The process is dead: its ring is read to the end.
    fn bury(&mut self, pid: u32, handler: &mut dyn Handler) {
        // Whatever it sent before it died is in the socket's queue: a hello with a ring, perhaps.
        self.accept(handler, ALL_THAT_WAIT);
        let Some(mut known) = self.known.remove(&pid) else {
            return;
        };
        self.lives.retain(|_, of| *of != pid);
        let process = known.process;
        if let Some(ring) = &mut known.ring {
            read_out(handler, process, ring);
        }
        if !known.announced {
            handler.silent(process);
        }
        self.reap(handler);
        let exit = self
            .reaped
            .remove(&pid)
            .unwrap_or_else(|| match &known.life {
                Life::Watched(life) => reap::exit_of(pid, Some(life)),
                Life::Unwatched | Life::Over => reap::exit_of(pid, None),
            });
        handler.exited(process, exit);
    }

    /// The command that has not announced itself within a second does not hold the library.
    fn look_for_the_silent(&mut self, handler: &mut dyn Handler) {
        if self.started.elapsed() < Duration::from_secs(1) {
            return;
        }
        let root = self.root.as_raw_nonzero().get().cast_unsigned();
        if let Some(known) = self.known.get_mut(&root)
            && !known.announced
        {
            known.announced = true;
            handler.silent(known.process);
        }
    }

    fn take_signals(&mut self, handler: &mut dyn Handler) {
        while let Some(arrived) = self.beginning.signals.next() {
            match arrived.signal {
                libc::SIGCHLD => self.reap(handler),
                libc::SIGHUP => self.reloads.ask(),
                libc::SIGTERM if self.root_status.is_none() => {
                    self.root_status = Some(Ended::Fault(
                        "the supervisor was told to end (SIGTERM)".into(),
                    ));
                }
                _ => {}
            }
        }
    }

    /// Takes note of children that ended, stopped or went on.
    fn reap(&mut self, _handler: &mut dyn Handler) {
        loop {
            match reap::next_change() {
                Change::None => return,
                Change::NoChildren => {
                    self.childless = true;
                    return;
                }
                Change::Stopped(pid, signal) => {
                    if pid == self.root {
                        self.stops += 1;
                        self.beginning.control.send(&Message::Stopped(signal));
                    }
                }
                Change::Ended(pid, exit) => {
                    if pid == self.root && self.root_status.is_none() {
                        self.root_status = Some(match (exit.status, exit.signal) {
                            (Some(status), _) => Ended::Exited(status),
                            (None, Some(signal)) => Ended::Signalled(signal),
                            (None, None) => Ended::Exited(0),
                        });
                    }
                    if self.reaped.len() >= MOST_REAPED {
                        self.reaped.clear();
                    }
                    self.reaped
                        .insert(pid.as_raw_nonzero().get().cast_unsigned(), exit);
                }
            }
        }
    }

    /// What the command left running is asked to end, then made to.
    fn press(&mut self) {
        if self.beginning.wait_tree {
            self.refresh_children();
            return;
        }
        match self.deadline {
            None => {
                tree::signal_all(Signal::TERM);
                // A stopped process ends only when it goes on.
                tree::signal_all(Signal::CONT);
                self.deadline = Some(Instant::now() + GRACE);
                self.refresh_children();
            }
            Some(deadline) if Instant::now() >= deadline => {
                tree::kill_all();
                self.childless = true;
            }
            Some(_) => self.refresh_children(),
        }
    }

    fn refresh_children(&mut self) {
        self.childless = tree::descendants().is_empty();
    }

    fn hear_front(&mut self, handler: &mut dyn Handler) {
        while let Some(message) = self.beginning.control.receive() {
            match message {
                // The shell continues the whole group: the command only if it is not among those, and if this is not the
                // next stop, which front has not heard of. A stop is counted before or after it is seen here, so it is
                // looked for first and counted then.
                Message::Continue(stops) => {
                    let is_stopped = tree::is_stopped(self.root);
                    self.reap(handler);
                    if is_stopped && stops == self.stops {
                        let _ = rustix::process::kill_process(self.root, Signal::CONT);
                    }
                }
                Message::Signal(signal) if self.root_status.is_none() => {
                    if let Some(signal) = Signal::from_named_raw(signal) {
                        let _ = rustix::process::kill_process(self.root, signal);
                    }
                }
                _ => {}
            }
        }
    }

    /// Front is dead: the tree goes with it.
    fn end_for_front(&mut self) {
        if let Some(front) = self.front.take() {
            let _ = epoll::delete(&self.epoll, &front);
        }
        self.root_status = Some(Ended::Fault(
            "front died, so the command was ended with everything that it had started".into(),
        ));
    }

    fn take_file_changes(&mut self, handler: &mut dyn Handler) {
        let Some(files) = &*self.files else { return };
        let watched = handler.watched();
        let mut buffer = [const { MaybeUninit::<u8>::uninit() }; 4096];
        let mut reader = inotify::Reader::new(files, &mut buffer);
        for _ in 0..MOST_CHANGES {
            let Ok(event) = reader.next() else { return };
            let is_watched = event.file_name().is_some_and(|name| {
                let mut files = watched.iter().filter_map(|path| path.file_name());
                files.any(|file| file.as_encoded_bytes() == name.to_bytes())
            });
            if is_watched {
                self.reloads.ask();
            }
        }
    }
}

/// Kills a process that would go on unseen.
fn kill(pid: u32, life: &Life) {
    // It may be dead already.
    let _ = match life {
        Life::Watched(life) => rustix::process::pidfd_send_signal(life, Signal::KILL),
        Life::Unwatched => i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .map_or(Ok(()), |pid| {
                rustix::process::kill_process(pid, Signal::KILL)
            }),
        Life::Over => Ok(()),
    };
}

/// Reads a ring that nobody writes any more to its end.
fn read_out(handler: &mut dyn Handler, process: Process, ring: &mut Ring) {
    let drained = ring.drain(true, |bytes| handler.record(process, bytes));
    let error = drained.error.map(|error| error.to_string());
    report_loss(handler, process, ring, error);
}

fn report_loss(
    handler: &mut dyn Handler,
    process: Process,
    ring: &mut Ring,
    error: Option<String>,
) {
    let lost = ring.take_lost();
    if lost > 0 {
        handler.lost(process, lost, "the ring was full");
    }
    if let Some(error) = error {
        handler.lost(process, 0, &error);
    }
}

/// Watches the directories of the policy's files: editors replace files, which a watch on the file itself would miss.
fn watch_files(handler: &dyn Handler) -> Option<OwnedFd> {
    let watched = handler.watched();
    if watched.is_empty() {
        return None;
    }
    let files =
        inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).ok()?;
    for path in watched {
        if let Some(directory) = path.parent() {
            let directory = if directory.as_os_str().is_empty() {
                std::path::Path::new(".")
            } else {
                directory
            };
            let _ = inotify::add_watch(
                &files,
                directory,
                inotify::WatchFlags::CLOSE_WRITE | inotify::WatchFlags::MOVED_TO,
            );
        }
    }
    Some(files)
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

/// One packet and the descriptor that came with it.
struct Received {
    packet: Vec<u8>,
    descriptor: Option<OwnedFd>,
    /// A descriptor was sent for which there was no room.
    cut: bool,
}

impl Received {
    fn ring(&self) -> Result<Ring, RefusedRing> {
        match &self.descriptor {
            Some(descriptor) => Ring::map(descriptor),
            None if self.cut => Err(RefusedRing::Cut),
            None => Err(RefusedRing::Missing),
        }
    }
}

fn receive(connection: &OwnedFd) -> rustix::io::Result<Received> {
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
    Ok(Received {
        packet,
        descriptor,
        cut: message.flags.contains(rustix::net::ReturnFlags::CTRUNC),
    })
}

/// CLOCK_MONOTONIC in nanoseconds.
fn now_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// For the judges: reads the record of a question again.
pub(crate) fn question(packet: &[u8]) -> Option<Record<'_>> {
    match Packet::parse(packet) {
        Ok(Packet::Ask(record)) => Some(record),
        _ => None,
    }
}
