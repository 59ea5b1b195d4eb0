//! The threads that answer questions. A gate that takes long holds up its asker, and at most one of these.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use audithook_abi::Verdict;
use audithook_wire::flat::Rules;
use audithook_wire::message::{MAX_REPLY, Reply};
use crossbeam_channel::{Receiver, Sender};
use rustix::net::SendFlags;

use crate::handler::{Answer, Judge, Process};
use crate::supervisor;

/// How many questions are answered at a time.
const THREADS: usize = 4;

/// One process that waits.
pub(crate) struct Question {
    pub(crate) connection: OwnedFd,
    pub(crate) process: Process,
    pub(crate) packet: Vec<u8>,
}

/// The threads. They start with the first question: most runs ask none.
pub(crate) struct Judges {
    judge: Arc<dyn Judge>,
    questions: Option<Sender<Question>>,
}

impl Judges {
    pub(crate) fn new(judge: Box<dyn Judge>) -> Self {
        Self {
            judge: Arc::from(judge),
            questions: None,
        }
    }

    pub(crate) fn ask(&mut self, question: Question) {
        let questions = self.questions.get_or_insert_with(|| start(&self.judge));
        // A question that nobody takes closes its connection, which is a refusal.
        let _ = questions.send(question);
    }
}

fn start(judge: &Arc<dyn Judge>) -> Sender<Question> {
    // Each waiting process waits with one connection: the connections bound this queue.
    let (questions, waiting) = crossbeam_channel::unbounded();
    for number in 0..THREADS {
        let (judge, waiting) = (Arc::clone(judge), waiting.clone());
        // With fewer threads answers take longer; with none, questions are refused.
        let _ = std::thread::Builder::new()
            .name(format!("judge-{number}"))
            .spawn(move || answer_all(&*judge, &waiting));
    }
    questions
}

fn answer_all(judge: &dyn Judge, waiting: &Receiver<Question>) {
    for question in waiting {
        let Some(record) = supervisor::question(&question.packet) else {
            continue;
        };
        // A gate that panics has not judged: its process gets a refusal.
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            judge.judge(question.process, &record)
        }))
        .unwrap_or_else(|_| Answer {
            verdict: Verdict::Deny,
            rules: Rules::NONE,
            reason: "the gate panicked".into(),
        });
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
                SendFlags::NOSIGNAL,
            )
        });
    }
}
