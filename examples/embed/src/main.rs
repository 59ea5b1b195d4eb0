//! A Rust program with events of its own: an order service, and functions that are executed for what happens in it.
//!
//! - [`shop`] is the service. It says what it is about to do (`emit!`, `guard!`) and knows of no hook.
//! - [`hooks`] are the functions: gates that veto, an around that times, observers that count.
//! - `hooks.toml` has more of them, for who does not build the service: a condition in CEL, and a plugin that is loaded.
//! - `main` brings them together. Run it with `cargo run -p embed-example [HOOKS.TOML]`.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints what happens"
)]

mod hooks;
mod shop;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use audithook::hooks::{Embedded, SearchPath};
use audithook_bus::bridge::{BusLayer, TracingObserver};
use audithook_bus::{Bus, EventExt};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::hooks::{PaymentTimer, Tally};
use crate::shop::{Order, Shop};

fn main() -> ExitCode {
    match open_shop() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn open_shop() -> Result<(), Box<dyn Error>> {
    let bus = Bus::global();

    // Both directions of the bridge: orders appear in the log, and log lines appear on the bus.
    tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer()
                .without_time()
                .with_ansi(false)
                .with_writer(std::io::stderr),
        )
        .with(BusLayer::new(bus))
        .init();
    bus.observe("order.*")
        .named("log")
        .inline()
        .with_observer(Arc::new(TracingObserver))?;

    // The rules of the house, in Rust; and those of a file, which change all at one moment when they are loaded again.
    for rule in hooks::rules() {
        bus.add(rule)?;
    }
    let file = std::env::args_os()
        .nth(1)
        .map_or_else(own_policy, PathBuf::from);
    let policy = Embedded::load(bus, &file, &plugins()?)?;
    print!("{}", policy.warnings());

    // An around with a state of its own, and an observer that runs on a thread of its own.
    let timer = Arc::new(PaymentTimer::default());
    bus.around("order.pay")
        .named("timer")
        .with_both(timer.clone(), timer.clone())?;
    let tally = Arc::new(Tally::default());
    bus.observe(["order.*", "tracing.*"])
        .named("tally")
        .with_observer(tally.clone())?;

    // From here on nobody changes the hooks.
    bus.lock();
    if let Err(error) = bus
        .gate("order.*")
        .named("latecomer")
        .with(|_, reply| reply.deny("too late"))
    {
        println!("no more hooks: {error}");
    }

    println!("hooks, in the order in which they run:");
    for hook in bus.hooks() {
        println!("  {hook}");
    }

    let mut shop = Shop::default();
    for order in [
        Order {
            id: 1,
            customer: "alice",
            total: 9.5,
        },
        Order {
            id: 2,
            customer: "bob",
            total: 0.0,
        },
        Order {
            id: 3,
            customer: "mallory",
            total: 120.0,
        },
        Order {
            id: 4,
            customer: "carol",
            total: 5000.0,
        },
        Order {
            id: 5,
            customer: "dave",
            total: 20.0,
        },
        Order {
            id: 6,
            customer: "alice",
            total: 12_000.0,
        },
    ] {
        let id = order.id;
        match shop.serve(order) {
            Ok(()) => println!("order {id}: shipped"),
            Err(error) => println!("order {id}: {error}"),
        }
    }

    for (_, report) in policy.reports() {
        print!("{report}");
    }
    bus.shutdown();
    println!("{timer}");
    println!("{tally}");
    for hook in bus.hooks_on(audithook_bus::intern("order.created")) {
        let stats = bus.hook_stats(&hook);
        println!(
            "{}: {} calls, {} denied, {} warned",
            hook.name(),
            stats.calls,
            stats.denies,
            stats.warnings
        );
    }
    Ok(())
}

/// The policy beside this program.
fn own_policy() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/hooks.toml").into()
}

/// Where the plugins of a hooks.toml are looked for: where they always are, and where cargo puts what it builds.
fn plugins() -> std::io::Result<SearchPath> {
    let built = std::env::current_exe()?.with_file_name("deps");
    Ok(SearchPath::from_environment().with(built, "where cargo builds them"))
}

/// What a hook needs of an event, or the error that makes the bus deny it.
fn total_of(event: &audithook_bus::Event<'_>) -> Result<f64, audithook_bus::HookError> {
    event
        .get_f64("total")
        .ok_or(audithook_bus::HookError::BadArgument("total".into()))
}
