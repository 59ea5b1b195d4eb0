//! The supervisor's work: what the tree says becomes journal lines, hooks' food and a verdict on the run.
//!
//! Here is what is done with each thing that the supervisor hears, and the queue that brings all of it into one order. What
//! becomes of a record whose turn has come is the [`ledger`](super::ledger)'s; how a policy is put in force has a
//! [room of its own](policy).

mod policy;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use audithook_abi::{Source, Value, Verdict};
use audithook_bus::Bus;
use audithook_catalogue::{arg, event};
use audithook_journal::{Clock, RunId};
use audithook_loader::Services;
use audithook_policy::Policy;
use audithook_policy::model::JournalTarget;
use audithook_supervisor::{Directive, Ended, Exit, Handler, Judge, Process, RunDirectory};
use audithook_wire::flat::{Encoder, MAX_RECORD, Meta, Name, Record};
use audithook_wire::message;
use crossbeam_channel::{Receiver, Sender};

use super::bridge::{self, BusJudge, Published};
use super::generations::Generations;
use super::journal::JournalOutput;
use super::lanes::Lanes;
use super::ledger::{Item, Ledger};
use super::private_tmp::PrivateTmp;
use super::services::RunServices;
use super::{Reload, say};

/// How long the end of a run waits for the threads that may still be in a plugin.
const PATIENCE_WITH_PLUGINS: Duration = Duration::from_secs(1);

/// What the recorder is given.
pub(super) struct Settings {
    pub(super) id: RunId,
    pub(super) policy: Policy,
    pub(super) reload: Reload,
    pub(super) trusted_by: Option<PathBuf>,
    pub(super) arguments: Vec<OsString>,
    pub(super) journal: JournalOutput,
    pub(super) labels: Vec<(String, String)>,
    pub(super) fail_on_deny: bool,
    pub(super) quiet: bool,
    pub(super) private_tmp: Option<PathBuf>,
    /// Why the command itself cannot be followed, where that is known before it starts.
    pub(super) uncovered: Option<&'static str>,
}

/// Serves the supervisor.
pub(super) struct Recorder {
    settings: Settings,
    directory: RunDirectory,
    /// Goes with the run, whether it was begun or not.
    _private_tmp: Option<PrivateTmp>,
    generations: Generations,
    ledger: Ledger,
    lanes: Lanes<Item>,
    own_process: Process,
    cutoff_ns: u64,
    bus: Bus,
    published: Arc<Published>,
    services: Arc<dyn Services>,
    bus_events: Receiver<Vec<u8>>,
    bus_sender: Sender<Vec<u8>>,
    directive: Directive,
    has_started: bool,
}

impl Recorder {
    /// Loads the plugins, compiles and publishes the policy, opens the journal.
    pub(super) fn begin(mut settings: Settings, directory: RunDirectory) -> Result<Self, String> {
        let private_tmp = settings
            .private_tmp
            .take()
            .map(PrivateTmp::make)
            .transpose()?;
        let (bus, published) = (Bus::new(), Arc::new(Published::default()));
        let (bus_sender, bus_events) = crossbeam_channel::unbounded();
        let services: Arc<dyn Services> = Arc::new(RunServices::new(
            &bus,
            &published,
            &bus_sender,
            settings.quiet,
        ));
        let built = policy::build(&mut settings.policy, &services, &[])?;
        let journal = std::mem::replace(&mut settings.journal, JournalOutput::None);
        let journal = journal.open(&settings.id)?;
        let ledger = Ledger::new(settings.id, journal, bus.clone(), Arc::clone(&published));
        let mut recorder = Self {
            directory,
            _private_tmp: private_tmp,
            generations: Generations::new(),
            ledger,
            lanes: Lanes::new(),
            own_process: Process {
                pid: std::process::id(),
                incarnation: 1,
            },
            cutoff_ns: 0,
            bus,
            published,
            services,
            bus_events,
            bus_sender,
            directive: Directive::Continue,
            has_started: false,
            settings,
        };
        recorder.publish(built)?;
        Ok(recorder)
    }

    /// Queues a record of the supervisor's own about a process.
    fn own(
        &mut self,
        event: audithook_abi::Symbol,
        process: Process,
        verdict: Verdict,
        args: &[Value<'_>],
    ) {
        let meta = Meta {
            time_ns: Clock::monotonic_now(),
            pid: process.pid,
            tid: process.pid,
            verdict,
            generation: self.generations.last(),
            ..Meta::new(Source::App)
        };
        let mut buffer = vec![0; MAX_RECORD];
        let mut encoder = Encoder::new(&mut buffer, Name::Known(event), &meta);
        for value in args {
            encoder.arg(Name::Known(value.name()), value);
        }
        let item = Item::new(process, encoder.finish());
        if process == self.own_process {
            self.lanes.push_own(meta.time_ns, meta.time_ns, item);
        } else {
            self.push(meta.time_ns, item);
        }
    }

    fn push(&mut self, time_ns: u64, item: Item) {
        let now_ns = Clock::monotonic_now();
        self.lanes.push(item.process(), time_ns, now_ns, item);
    }

    fn take_bus_events(&mut self) {
        while let Ok(bytes) = self.bus_events.try_recv() {
            if let Ok(record) = Record::parse(&bytes) {
                self.look_for_kill(record.meta().verdict);
            }
            let item = Item::raised(self.own_process, bytes);
            // They come from many threads: in the order of this queue, which is that of the lane.
            let now = Clock::monotonic_now();
            self.lanes.push_own(now, now, item);
        }
    }

    fn emit_until(&mut self, cutoff_ns: Option<u64>) {
        let ready = match cutoff_ns {
            Some(cutoff_ns) => self.lanes.take_until(cutoff_ns),
            None => self.lanes.take_all(),
        };
        for (time_ns, item) in &ready {
            if let Err(error) = self.ledger.enter(*time_ns, item, &mut self.generations) {
                self.fault_of_journal(&error);
            }
        }
        if !ready.is_empty()
            && let Err(error) = self.ledger.flush()
        {
            self.fault_of_journal(&error);
        }
    }

    fn look_for_kill(&mut self, verdict: Verdict) {
        if verdict == Verdict::Kill && self.directive == Directive::Continue {
            self.directive = Directive::Kill;
        }
    }

    /// The journal cannot be written: the run ends, and the first reason is the one that is told.
    fn fault_of_journal(&mut self, error: &str) {
        if !matches!(self.directive, Directive::Fault(_)) {
            let file = match &self.settings.policy.journal.target {
                JournalTarget::File(file) => format!(": `{file}`"),
                JournalTarget::Descriptor(number) => format!(": `fd:{number}`"),
                JournalTarget::None => String::new(),
            };
            self.directive = Directive::Fault(format!("{error}{file}"));
        }
    }

    /// The journal's last word about hooks that were not entered any more.
    fn count_what_was_missed(&mut self) {
        for missed in self.ledger.missed() {
            self.own(
                event::PLUGIN_ERROR,
                self.own_process,
                Verdict::Allow,
                &[
                    Value::str(&missed.plugin).named(arg::PLUGIN),
                    Value::str(&missed.hook).named(arg::HOOK),
                    Value::str(&missed.error).named(arg::ERROR),
                    Value::str(Verdict::Allow.as_str()).named(arg::VERDICT),
                ],
            );
        }
        self.emit_until(None);
    }

    fn report(&self, ended: &Ended) {
        self.bus.flush();
        // Of a program that did not start there is nothing to report.
        let has_run = !matches!(ended, Ended::NotFound(_) | Ended::NotExecutable(_));
        for (plugin, text) in self.published.reports() {
            if has_run && !text.trim().is_empty() {
                say(&format!("{plugin}:\n{}", text.trim_end()));
            }
        }
        let footer = self.ledger.footer();
        if !self.settings.quiet {
            let text = footer.refusals(self.ledger.path().as_deref());
            if !text.is_empty() {
                say(&text);
            }
        }
        for failure in footer.failures() {
            say(&failure);
        }
        if *ended == Ended::Killed {
            say(&footer.killed());
        }
    }
}

impl Handler for Recorder {
    fn hello(&mut self, process: Process, record: &Record<'_>) {
        let labels: Vec<Value<'_>> = self
            .settings
            .labels
            .iter()
            .flat_map(|(key, value)| [Value::str(key), Value::str(value)])
            .collect();
        let hash = self.settings.policy.hash();
        let is_first = !std::mem::replace(&mut self.has_started, true);
        let bytes = bridge::started(
            record,
            process,
            self.generations.last(),
            is_first.then_some((labels.as_slice(), hash.as_str())),
        );
        let hooked = message::is_hooked(record);
        let executable = record
            .arg(arg::EXE)
            .and_then(|argument| argument.as_bytes())
            .unwrap_or(b"")
            .to_vec();
        let time_ns = record.meta().time_ns;
        self.push(time_ns, Item::new(process, &bytes));
        if !hooked && bridge::is_interpreter(&executable) {
            self.own(
                event::PROCESS_UNCOVERED,
                process,
                Verdict::Allow,
                &[
                    Value::path(&executable).named(arg::PATH),
                    Value::str("an interpreter without audit hooks").named(arg::REASON),
                ],
            );
        }
    }

    fn silent(&mut self, process: Process) {
        let arguments: Vec<Vec<u8>> = self
            .settings
            .arguments
            .iter()
            .map(|argument| argument.as_encoded_bytes().to_vec())
            .collect();
        let list: Vec<Value<'_>> = arguments.iter().map(Value::str).collect();
        let hash = self.settings.policy.hash();
        self.has_started = true;
        self.own(
            event::PROCESS_START,
            process,
            Verdict::Allow,
            &[
                Value::list(&list).named(arg::ARGV),
                Value::bool(false).named(arg::HOOKED),
                Value::str(&hash).named(arg::POLICY),
            ],
        );
        let reason = self
            .settings
            .uncovered
            .unwrap_or("it did not load the preload library");
        let program = arguments.first().map_or(&b""[..], |program| program);
        self.own(
            event::PROCESS_UNCOVERED,
            process,
            Verdict::Allow,
            &[
                Value::path(program).named(arg::PATH),
                Value::str(reason).named(arg::REASON),
                Value::list(&list).named(arg::ARGS),
            ],
        );
    }

    fn notice(&mut self, process: Process, record: &Record<'_>) {
        let time_ns = record.meta().time_ns;
        self.look_for_kill(record.meta().verdict);
        let item = Item::new(process, record.bytes());
        let now_ns = Clock::monotonic_now();
        // It may come from a process that never announces itself: one that was forked to execute what is refused.
        self.lanes.push_single(process, time_ns, now_ns, item);
    }

    fn begin_pass(&mut self, now_ns: u64) {
        self.cutoff_ns = now_ns;
    }

    fn record(&mut self, process: Process, bytes: &[u8]) {
        match Record::parse(bytes) {
            Ok(record) => {
                let meta = *record.meta();
                self.look_for_kill(meta.verdict);
                self.push(meta.time_ns, Item::new(process, bytes));
            }
            Err(error) => self.lost(process, 1, &error.to_string()),
        }
    }

    fn looked(&mut self, process: Process, blocked: bool) {
        self.lanes.set_blocked(process, blocked, self.cutoff_ns);
    }

    fn lost(&mut self, process: Process, count: u64, reason: &str) {
        let last = self.ledger.last_seq();
        self.own(
            event::BUS_LOST,
            process,
            Verdict::Warn,
            &[
                Value::u64(count).named(arg::COUNT),
                Value::u64(last).named(arg::FROM),
                Value::u64(last + 1).named(arg::TO),
                Value::str(reason).named(arg::REASON),
            ],
        );
        if self.settings.policy.journal.overflow == audithook_policy::model::Overflow::Abort {
            self.directive = Directive::Fault(format!(
                "records were lost: {reason}\n\nhint: `[journal] on-overflow = \"wait\"` waits instead"
            ));
        }
    }

    fn exited(&mut self, process: Process, exit: Exit) {
        let number = |number: Option<i64>| number.map_or(Value::NULL, Value::i64);
        let used = |of: fn(&audithook_supervisor::Usage) -> u64| {
            exit.usage
                .as_ref()
                .map_or(Value::NULL, |usage| Value::u64(of(usage)))
        };
        self.own(
            event::PROCESS_EXIT,
            process,
            Verdict::Allow,
            &[
                number(exit.status.map(i64::from)).named(arg::STATUS),
                number(exit.signal.map(i64::from)).named(arg::SIGNAL),
                used(|usage| usage.user_ns).named(arg::USER_NS),
                used(|usage| usage.system_ns).named(arg::SYSTEM_NS),
                used(|usage| usage.max_rss).named(arg::MAX_RSS),
            ],
        );
        self.lanes.remove(process);
    }

    fn replaced(&mut self, process: Process) {
        self.lanes.remove(process);
    }

    fn end_pass(&mut self) -> Directive {
        self.take_bus_events();
        self.emit_until(Some(self.cutoff_ns));
        self.directive.clone()
    }

    fn watched(&self) -> Vec<PathBuf> {
        let Settings {
            policy, trusted_by, ..
        } = &self.settings;
        let files = policy.files_read().map(PathBuf::from);
        files.chain(trusted_by.clone()).collect()
    }

    fn reload(&mut self) {
        // What the policy's own file extends was read before it.
        let path: Vec<u8> = self
            .settings
            .policy
            .files_read()
            .last()
            .map(|path| path.as_os_str().as_encoded_bytes().to_vec())
            .unwrap_or_default();
        let (error, waits) = match self.try_reload() {
            Ok(waits) => (None, waits),
            Err(error) => {
                say(&format!(
                    "the policy was not reloaded; the one before stays in force: {error}"
                ));
                (Some(error), Vec::new())
            }
        };
        let generation = self.generations.last().into();
        let waits: Vec<Value<'_>> = waits.iter().map(Value::str).collect();
        self.own(
            event::POLICY_RELOAD,
            self.own_process,
            Verdict::Allow,
            &[
                Value::path(&path).named(arg::PATH),
                Value::u64(generation).named(arg::GENERATION),
                error
                    .as_ref()
                    .map_or(Value::NULL, Value::str)
                    .named(arg::ERROR),
                Value::list(&waits).named(arg::WAITS),
            ],
        );
    }

    fn judge(&self) -> Option<Box<dyn Judge>> {
        Some(Box::new(BusJudge::new(
            self.bus.clone(),
            Arc::clone(&self.published),
        )))
    }

    fn finish(&mut self, ended: Ended) -> Ended {
        self.bus.flush();
        self.take_bus_events();
        self.emit_until(None);
        self.bus.shutdown();
        self.take_bus_events();
        self.emit_until(None);
        self.count_what_was_missed();
        self.report(&ended);
        match (&self.directive, ended) {
            (Directive::Fault(text), _) => Ended::Fault(text.clone()),
            (_, Ended::Exited(_)) if self.settings.fail_on_deny && self.ledger.has_refusals() => {
                Ended::Exited(super::DENIED.into())
            }
            (_, ended) => ended,
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Plugins hold the services, which hold the bus and what is published, which hold the plugins.
        if let Ok(retired) = self.bus.replace([])
            && self.published.has_plugins()
        {
            // A judge that is still in one keeps it until this process ends.
            let _gone = retired.wait(PATIENCE_WITH_PLUGINS);
        }
        self.published.clear();
    }
}
