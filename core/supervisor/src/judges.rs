//! The threads that answer questions. A gate that takes long holds up its asker, and at most one of these.
//!
//! The questions that wait are bounded. One too many is refused at once: the supervisor cannot hold its askers up without
//! holding up the rings of everybody, and a refusal is what a question that nobody can judge means anyway. They are taken
//! in turns, one of each process: who asks much waits for himself.

use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use audithook_abi::Verdict;
use audithook_wire::flat::{Record, Rules};
use audithook_wire::message::{MAX_REPLY, Message, Reply};
use rustix::net::SendFlags;

use crate::handler::{Answer, Judge, Process};

/// How many questions are answered at a time.
const THREADS: usize = 4;
/// The stack of each, whatever the environment says (RUST_MIN_STACK): conditions are bounded by a quarter of it.
const STACK: usize = 8 << 20;
/// How many questions of one process may wait: one for each of its threads.
const MOST_OF_A_PROCESS: usize = 256;

/// One process that waits.
pub(crate) struct Question {
    pub(crate) connection: OwnedFd,
    pub(crate) process: Process,
    pub(crate) packet: Vec<u8>,
}

impl Question {
    /// What it asks about.
    fn record(&self) -> Option<Record<'_>> {
        match Message::parse(&self.packet) {
            Ok(Message::Ask(record)) => Some(record),
            _ => None,
        }
    }
}

/// The threads. They start with the first question: most runs ask none.
pub(crate) struct Judges {
    judge: Arc<dyn Judge>,
    queue: Arc<Queue<Question>>,
    threads: usize,
}

impl Judges {
    /// Judges for whom at most so many questions wait.
    pub(crate) fn new(judge: Box<dyn Judge>, most: usize) -> Self {
        Self {
            judge: Arc::from(judge),
            queue: Arc::new(Queue::new(most)),
            threads: 0,
        }
    }

    pub(crate) fn ask(&mut self, question: Question) {
        if self.threads == 0 {
            self.threads = start(&self.judge, &self.queue);
        }
        if self.threads == 0 {
            return refuse(&question, "there is no thread to judge this");
        }
        if let Err(question) = self.queue.push(question.process.pid, question) {
            refuse(&question, "too many questions wait to be judged");
        }
    }
}

impl Drop for Judges {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Starts the threads. With fewer of them answers take longer.
fn start(judge: &Arc<dyn Judge>, queue: &Arc<Queue<Question>>) -> usize {
    (0..THREADS)
        .filter(|number| {
            let (judge, queue) = (Arc::clone(judge), Arc::clone(queue));
            std::thread::Builder::new()
                .name(format!("judge-{number}"))
                .stack_size(STACK)
                .spawn(move || answer_all(&*judge, &queue))
                .is_ok()
        })
        .count()
}

fn answer_all(judge: &dyn Judge, queue: &Queue<Question>) {
    while let Some(question) = queue.pop() {
        let Some(record) = question.record() else {
            continue;
        };
        // A gate that panics has not judged: its process gets a refusal.
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            judge.judge(question.process, &record)
        }))
        .unwrap_or_else(|_| refusal("the gate panicked"));
        send(&question, &answer);
    }
}

fn refuse(question: &Question, reason: &str) {
    send(question, &refusal(reason));
}

fn refusal(reason: &str) -> Answer {
    Answer {
        verdict: Verdict::Deny,
        rules: Rules::NONE,
        reason: reason.into(),
    }
}

/// Sends the answer. A process that is gone, or has left no room for it, gets none, which is a refusal.
fn send(question: &Question, answer: &Answer) {
    let reply = Reply {
        verdict: answer.verdict,
        would: None,
        rules: answer.rules,
        reason: answer.reason.as_bytes(),
    };
    let mut buffer = [0; MAX_REPLY];
    let _ = rustix::io::retry_on_intr(|| {
        rustix::net::send(
            &question.connection,
            reply.encode(&mut buffer),
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        )
    });
}

/// What waits, by who waits for it.
struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
    most: usize,
}

struct Waiting<T> {
    by_process: HashMap<u32, VecDeque<T>>,
    /// Whose turn it is; each process that waits is in here once.
    turns: VecDeque<u32>,
    count: usize,
    closed: bool,
}

impl<T> Queue<T> {
    fn new(most: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                by_process: HashMap::new(),
                turns: VecDeque::new(),
                count: 0,
                closed: false,
            }),
            changed: Condvar::new(),
            most,
        }
    }

    /// Adds what `pid` asks, or gives it back if too much waits.
    fn push(&self, pid: u32, question: T) -> Result<(), T> {
        let mut waiting = self.lock();
        if waiting.count >= self.most {
            return Err(question);
        }
        let own = waiting.by_process.entry(pid).or_default();
        if own.len() >= MOST_OF_A_PROCESS {
            return Err(question);
        }
        own.push_back(question);
        if own.len() == 1 {
            waiting.turns.push_back(pid);
        }
        waiting.count += 1;
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// The next question, when there is one; `None` when there will be none.
    fn pop(&self) -> Option<T> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some(question) = waiting.take() {
                return Some(question);
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Waiting<T> {
    fn take(&mut self) -> Option<T> {
        let pid = self.turns.pop_front()?;
        let own = self.by_process.get_mut(&pid)?;
        let question = own.pop_front();
        if own.is_empty() {
            self.by_process.remove(&pid);
        } else {
            self.turns.push_back(pid);
        }
        self.count -= 1;
        question
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_take_turns() {
        let queue = Queue::new(100);
        for (pid, question) in [(1, "a"), (1, "b"), (1, "c"), (2, "x"), (3, "y"), (2, "z")] {
            assert_eq!(queue.push(pid, question), Ok(()));
        }
        let order: Vec<_> = (0..6).map(|_| queue.pop().expect("waiting")).collect();
        assert_eq!(order, ["a", "x", "y", "b", "z", "c"]);
        let waiting = queue.lock();
        assert!(waiting.by_process.is_empty() && waiting.turns.is_empty() && waiting.count == 0);
    }

    #[test]
    fn one_too_many_is_given_back() {
        let queue = Queue::new(MOST_OF_A_PROCESS + 1);
        for number in 0..MOST_OF_A_PROCESS {
            assert_eq!(queue.push(1, number), Ok(()));
        }
        assert_eq!(queue.push(1, 7777), Err(7777), "of one process");
        assert_eq!(queue.push(2, 0), Ok(()), "another is not concerned");
        assert_eq!(queue.push(3, 8888), Err(8888), "of all");
        queue.pop();
        assert_eq!(queue.push(3, 8888), Ok(()));
    }

    #[test]
    fn who_waits_for_questions_is_told_that_there_will_be_none() {
        let queue = Arc::new(Queue::<()>::new(1));
        let waiter = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.pop()
        });
        queue.close();
        assert_eq!(waiter.join().expect("no panic"), None);
    }
}
