//! An instance that is made again when its process ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use audithook_abi::Symbol;
use audithook_bus::symbol;
use audithook_loader::{AttachError, Attachment, CreateError, ReportError, Services};

use super::attached::{Attached, Hook};
use super::plugin::Plugin;
use super::process::{Ended, Process};
use super::told;
use crate::message::{Answer, Attach, Request};

/// The pauses before a process is started again: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A process that lived so long is started again after the first pause.
const LIVED: Duration = Duration::from_secs(10);
/// How long whoever must not lose an event waits for the next process.
const NEXT: Duration = Duration::from_secs(5);

/// One instance of a plugin, in a process of its own. Clones are the same instance; it ends with the last clone and the
/// last attached hook.
#[derive(Clone)]
pub struct Instance {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    plugin: Plugin,
    services: Arc<dyn Services>,
    config: String,
    state: Mutex<State>,
    /// The process is up, or has ended.
    changed: Condvar,
    /// What is attached, by its number; held while a process is told of it.
    attached: Mutex<BTreeMap<u32, Attach>>,
}

struct State {
    phase: Phase,
    /// How many processes there were.
    epoch: u64,
    next: u32,
}

enum Phase {
    Up(Arc<Process>),
    /// It has ended, and why; another is to come.
    Down(String),
}

/// A process, and which one of the instance's it is.
pub(super) struct Serving {
    pub(super) process: Arc<Process>,
    pub(super) epoch: u64,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("plugin", &self.shared.plugin)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Makes it, in `process` if there is one that nothing was made in yet.
    pub(super) fn create(
        plugin: Plugin,
        process: Option<Arc<Process>>,
        services: Arc<dyn Services>,
        config: &str,
    ) -> Result<Self, CreateError> {
        let process = match process.filter(|process| process.ended().is_none()) {
            Some(process) => process,
            None => start(&plugin).map_err(|reason| CreateError::Failed {
                plugin: plugin.info().name.clone(),
                reason: reason.into(),
            })?,
        };
        make(&plugin, &process, &services, config)?;
        let shared = Arc::new(Shared {
            plugin,
            services,
            config: config.to_owned(),
            state: Mutex::new(State {
                phase: Phase::Up(Arc::clone(&process)),
                epoch: 0,
                next: 0,
            }),
            changed: Condvar::new(),
            attached: Mutex::default(),
        });
        let keeper = Arc::downgrade(&shared);
        let builder = thread::Builder::new().name(format!("keep {}", shared.plugin.info().name));
        let kept = Arc::clone(&process);
        if let Err(error) = builder.spawn(move || keep(&keeper, kept)) {
            return Err(CreateError::Failed {
                plugin: shared.plugin.info().name.clone(),
                reason: format!("nothing can watch its process: {error}").into(),
            });
        }
        Ok(Self { shared })
    }

    /// The plugin.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.shared.plugin
    }

    /// The number of its process, if there is one now.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.shared
            .serving()
            .ok()
            .map(|serving| serving.process.pid())
    }

    /// What the plugin counted, by name, in the process that it has now.
    #[must_use]
    pub fn counters(&self) -> Vec<(Symbol, u64)> {
        match self.shared.ask(&Request::Counters) {
            Ok(Answer::Counters(counters)) => counters
                .into_iter()
                .map(|(name, count)| (symbol::intern_foreign(&name), count))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The plugin's report for people as it stands now; `None` if it has nothing to say.
    ///
    /// # Errors
    /// Why there is none.
    pub fn report(&self) -> Result<Option<String>, ReportError> {
        match self.shared.ask(&Request::Report { json: false }) {
            Ok(Answer::Report(report)) => Ok(report.map(|report| printable_lines(&report))),
            Ok(Answer::Failed(reason)) | Err(reason) => Err(ReportError::NoAnswer(reason)),
            Ok(_) => Err(ReportError::Broken("no such answer")),
        }
    }

    /// The plugin's report for programs as it stands now; `None` if it has nothing to say.
    ///
    /// # Errors
    /// Why there is none.
    pub fn report_json(&self) -> Result<Option<serde_json::Value>, ReportError> {
        match self.shared.ask(&Request::Report { json: true }) {
            Ok(Answer::Report(report)) => report
                .map(|report| serde_json::from_str(&report))
                .transpose()
                .map_err(|error| ReportError::NotJson(error.to_string())),
            Ok(Answer::Failed(reason)) | Err(reason) => Err(ReportError::NoAnswer(reason)),
            Ok(_) => Err(ReportError::Broken("no such answer")),
        }
    }

    /// Attaches a hook.
    ///
    /// # Errors
    /// The plugin does not offer it, refuses `with`, or fails, or its process does.
    pub fn attach(&self, attachment: &Attachment<'_>) -> Result<Attached, AttachError> {
        let shared = &self.shared;
        let info = shared.plugin.info();
        let plugin = info.name.clone();
        let function = attachment.function.to_owned();
        let Some(place) = info.hooks.iter().position(|hook| hook.name == function) else {
            return Err(AttachError::not_offered(info, &function));
        };
        let request = Attach {
            function: function.clone(),
            with: attachment.with.to_owned(),
            name: attachment.name.to_owned(),
            on: attachment.on.iter().map(|&on| on.to_owned()).collect(),
        };
        let failed = |reason: String| AttachError::Failed {
            plugin: plugin.clone(),
            function: function.clone(),
            reason: reason.into(),
        };
        let number = {
            let mut state = shared.lock();
            state.next += 1;
            state.next - 1
        };
        let deadline = Instant::now() + NEXT;
        loop {
            let serving = shared.serving_until(deadline).map_err(failed)?;
            let mut attached = shared
                .attached
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if serving.process.ended().is_some() {
                // The next one is told of everything, which is not everything yet.
                drop(attached);
                shared.left(&serving);
                continue;
            }
            let asked = Request::Attach {
                number,
                request: request.clone(),
            };
            match serving.process.ask(&asked) {
                Ok(Answer::Done) => {
                    attached.insert(number, request);
                    drop(attached);
                    let hook = Hook::new(Arc::clone(shared), number, info.hooks[place].kinds);
                    return Ok(Attached::new(hook, place));
                }
                Ok(Answer::BadArgument(reason)) => {
                    return Err(AttachError::WithRefused {
                        plugin,
                        function,
                        reason: crate::message::printable(&reason).into(),
                    });
                }
                Ok(Answer::Failed(reason)) => {
                    return Err(failed(crate::message::printable(&reason)));
                }
                Ok(_) => return Err(failed("it said what is no answer".to_owned())),
                Err(lost) => return Err(failed(lost.0)),
            }
        }
    }
}

impl Shared {
    pub(super) const fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process, or why there is none now.
    pub(super) fn serving(&self) -> Result<Serving, String> {
        let state = self.lock();
        match &state.phase {
            Phase::Up(process) => Ok(Serving {
                process: Arc::clone(process),
                epoch: state.epoch,
            }),
            Phase::Down(reason) => Err(reason.clone()),
        }
    }

    /// The process, or the next one, if it is there in time.
    pub(super) fn serving_soon(&self) -> Result<Serving, String> {
        self.serving_until(Instant::now() + NEXT)
    }

    fn serving_until(&self, deadline: Instant) -> Result<Serving, String> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let state = self.lock();
        let is_down = |state: &mut State| matches!(state.phase, Phase::Down(_));
        let waited = self.changed.wait_timeout_while(state, wait, is_down);
        drop(waited);
        self.serving()
    }

    /// This process has ended, as its keeper is about to see.
    pub(super) fn left(&self, serving: &Serving) {
        let ended = serving.process.wait();
        let mut state = self.lock();
        if state.epoch == serving.epoch && matches!(state.phase, Phase::Up(_)) {
            state.phase = Phase::Down(ended.reason);
        }
    }

    fn ask(&self, request: &Request) -> Result<Answer, String> {
        let serving = self.serving_soon()?;
        serving.process.ask(request).map_err(|lost| lost.0)
    }

    /// The hook of this number is not needed any more.
    pub(super) fn detach(&self, number: u32) {
        let mut attached = self.attached.lock().unwrap_or_else(PoisonError::into_inner);
        attached.remove(&number);
        if let Ok(serving) = self.serving() {
            // A process that is gone has nothing attached.
            let _ = serving.process.ask(&Request::Detach { number });
        }
    }

    /// One more process, in which everything is as it was made and attached.
    fn again(&self) -> Result<Arc<Process>, String> {
        let attached = self.attached.lock().unwrap_or_else(PoisonError::into_inner);
        let process = start(&self.plugin)?;
        let made = make(&self.plugin, &process, &self.services, &self.config)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                attached.iter().try_for_each(|(&number, request)| {
                    let request = request.clone();
                    match process.ask(&Request::Attach { number, request }) {
                        Ok(Answer::Done) => Ok(()),
                        Ok(Answer::BadArgument(reason) | Answer::Failed(reason)) => Err(reason),
                        Ok(_) => Err("it said what is no answer".to_owned()),
                        Err(lost) => Err(lost.0),
                    }
                })
            });
        if let Err(reason) = made {
            process.end("it is not what it was");
            return Err(crate::message::printable(&reason));
        }
        let mut state = self.lock();
        state.epoch += 1;
        state.phase = Phase::Up(Arc::clone(&process));
        drop(state);
        drop(attached);
        self.changed.notify_all();
        Ok(process)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Up(process) = &state.phase {
            // Whether it did or did not: it ends now.
            let _ = process.ask(&Request::Destroy);
            process.end("it is not needed any more");
        }
    }
}

/// Starts the next process whenever one has ended, as long as the instance is there.
fn keep(instance: &Weak<Shared>, mut process: Arc<Process>) {
    let mut pause = PAUSE;
    let mut count = 0;
    loop {
        let began = Instant::now();
        let ended = process.wait();
        if began.elapsed() >= LIVED {
            pause = PAUSE;
        }
        let Some(shared) = go_down(instance, &ended) else {
            return;
        };
        told::ended(&*shared.services, &shared.plugin.info().name, &ended, pause);
        drop(shared);
        process = loop {
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            let Some(shared) = instance.upgrade() else {
                return;
            };
            match shared.again() {
                Ok(process) => {
                    count += 1;
                    told::restarted(&*shared.services, &shared.plugin.info().name, count);
                    break process;
                }
                Err(reason) => {
                    shared.lock().phase = Phase::Down(reason.clone());
                    told::not_restarted(
                        &*shared.services,
                        &shared.plugin.info().name,
                        &reason,
                        pause,
                    );
                }
            }
        };
    }
}

/// The process has ended: nobody enters it any more. `None` if nobody wanted it to live on.
fn go_down(instance: &Weak<Shared>, ended: &Ended) -> Option<Arc<Shared>> {
    if ended.asked {
        return None;
    }
    let shared = instance.upgrade()?;
    shared.lock().phase = Phase::Down(ended.reason.clone());
    Some(shared)
}

fn start(plugin: &Plugin) -> Result<Arc<Process>, String> {
    let shared = plugin.shared();
    let started = Process::start(&shared.launcher, &shared.start, shared.settings.timeout);
    let (process, info) = started.map_err(|error| error.to_string())?;
    if info != shared.info {
        process.end("it is not what it was");
        return Err("it says that it is another plugin than before".to_owned());
    }
    Ok(process)
}

fn make(
    plugin: &Plugin,
    process: &Process,
    services: &Arc<dyn Services>,
    config: &str,
) -> Result<(), CreateError> {
    let _ = process.heard().services.set(Arc::clone(services));
    let name = plugin.info().name.clone();
    let asked = process.ask(&Request::Create {
        config: config.to_owned(),
    });
    let reason = match asked {
        Ok(Answer::Done) => return Ok(()),
        Ok(Answer::BadArgument(reason)) => {
            process.end("it refuses its configuration");
            return Err(CreateError::ConfigRefused {
                plugin: name,
                reason: crate::message::printable(&reason).into(),
            });
        }
        Ok(Answer::Failed(reason)) => crate::message::printable(&reason),
        Ok(_) => "it said what is no answer".to_owned(),
        Err(lost) => lost.0,
    };
    process.end("it cannot be made");
    Err(CreateError::Failed {
        plugin: name,
        reason: reason.into(),
    })
}

/// Lines stay lines, whatever the process says.
fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(crate::message::printable).collect();
    lines.join("\n")
}
