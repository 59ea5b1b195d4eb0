//! What stands around every entry: no panic leaves a plugin, and none is entered after one.

use std::any::Any;
use std::backtrace::Backtrace;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, RwLock};

use audithook_abi::LogLevel;

use crate::Host;

/// Whether an instance panicked.
#[derive(Debug, Default)]
pub(crate) struct Poison(AtomicBool);

impl Poison {
    /// Whether there was a panic.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Runs `act`, unless there was a panic before. After one, and instead of one: `fallback`, which is asked for at every
    /// entry so that nobody forgets what it answers then. `told` gets the panic's words.
    #[inline]
    pub(crate) fn guard<R>(
        &self,
        fallback: R,
        told: impl FnOnce(&str),
        act: impl FnOnce() -> R,
    ) -> R {
        if self.0.load(Ordering::Relaxed) {
            return fallback;
        }
        match catch_unwind(AssertUnwindSafe(act)) {
            Ok(answer) => answer,
            Err(payload) => {
                self.0.store(true, Ordering::Relaxed);
                caught(payload, told);
                fallback
            }
        }
    }
}

#[cold]
#[inline(never)]
fn caught(payload: Box<dyn Any + Send>, told: impl FnOnce(&str)) {
    // What is told goes to the host's functions, which do not unwind.
    told(words(&*payload));
    // The payload is the plugin's: its destructor may panic again.
    std::mem::forget(payload);
}

fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}

/// The hosts of the instances that are alive: where panics are logged.
static HOSTS: RwLock<Vec<Host>> = RwLock::new(Vec::new());
static INSTALLED: Once = Once::new();
/// The plugin is part of a test program: that program's panic hook stays.
static IN_PROCESS: AtomicBool = AtomicBool::new(false);

/// Logs panics through this host. A library has a standard library, and so a panic hook, of its own: the host's is never
/// asked, and the default one would write to the stderr of whatever program this runs in.
pub(crate) fn log_panics_through(host: &Host) {
    if IN_PROCESS.load(Ordering::Relaxed) {
        return;
    }
    if let Ok(mut hosts) = HOSTS.write() {
        hosts.push(host.clone());
    }
    INSTALLED.call_once(|| panic::set_hook(Box::new(log_panic)));
}

/// This host's instance ends.
pub(crate) fn log_no_more_panics_through(host: &Host) {
    if let Ok(mut hosts) = HOSTS.write() {
        hosts.retain(|other| !other.is(host));
    }
}

/// The plugin is linked into the program that is its host.
pub(crate) fn keep_the_programs_panic_hook() {
    IN_PROCESS.store(true, Ordering::Relaxed);
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    // Not waiting for the lock: in a child that was forked while another thread held it, it is never given back.
    // Nor holding it while the host logs: what that sets off is not ours to know.
    let Some(host) = HOSTS
        .try_read()
        .ok()
        .and_then(|hosts| hosts.first().cloned())
    else {
        return;
    };
    let place = panic.location().map(ToString::to_string);
    let place = place.as_deref().unwrap_or("an unknown place");
    let words = words(panic.payload());
    host.log(
        LogLevel::Error,
        format_args!("panicked at {place}: {words}"),
    );
    let backtrace = Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        host.log(LogLevel::Debug, &backtrace);
    }
}
