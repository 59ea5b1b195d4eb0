//! A gate in a process of its own.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use audithook_abi::{Event, Value};
use audithook_bus::hook::Reply;
use audithook_bus::{Bus, intern};
use audithook_loader::{Attachment, SearchPath, Spec};
use audithook_plugin_process::{Launcher, NAME, Plugin, Settings};
use audithook_sandbox::Confinement;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::measure::{repeated, turns};
use crate::place::Place;
use crate::report::Report;
use crate::row::{Bar, Row};

const TURNS: usize = 100;
/// About what an event of four arguments takes.
const BYTES: usize = 160;

/// There and back, both on one processor: with two, one sleeps while the other runs.
pub(crate) fn round_trip(place: &Place, report: &mut Report) -> Result<(), String> {
    let everywhere = sched_getaffinity(None).map_err(text)?;
    let mut one = CpuSet::new();
    one.set(
        (0..CpuSet::MAX_CPU)
            .find(|cpu| everywhere.is_set(*cpu))
            .ok_or("no processor")?,
    );
    sched_setaffinity(None, &one).map_err(text)?;
    let measured = measured(place, report);
    sched_setaffinity(None, &everywhere).map_err(text)?;
    measured
}

fn measured(place: &Place, report: &mut Report) -> Result<(), String> {
    let search = SearchPath::default().with(place.built(), "the bench");
    let settings = Settings {
        confinement: Confinement {
            read: Vec::new(),
            write: Vec::new(),
            network: false,
            memory: 256 << 20,
            open_files: 64,
        },
        timeout: Duration::from_secs(10),
    };
    let launcher = Launcher::new(place.built().join("audithook"), [""; 0]);
    let spec = Spec::named("gate-plugin");
    let plugin = Plugin::open(&spec, &search, settings, &launcher)
        .map_err(|error| format!("`{NAME}`: {error}"))?;
    let instance = plugin.create(Arc::new(Bus::new()), "{}").map_err(text)?;
    let attachment = Attachment {
        with: "{\"argument\": \"an argument that no event has\"}",
        ..Attachment::new("check")
    };
    let gate = instance.attach(&attachment).map_err(text)?.gate();
    let gate = gate.ok_or("`check` is a gate")?;
    let args = [
        Value::path("/usr/lib/python3/site.py").named(intern("path")),
        Value::path("site.py").named(intern("raw")),
        Value::u64(0o100_000).named(intern("flags")),
        Value::i64(-1).named(intern("mode")),
    ];
    let event = Event::new(intern("open"), &args);

    let (mut here, mut there) = UnixStream::pair().map_err(text)?;
    let echo = std::thread::spawn(move || {
        let mut bytes = [0; BYTES];
        while there.read_exact(&mut bytes).is_ok() && there.write_all(&bytes[..16]).is_ok() {}
    });
    let mut bytes = [0; BYTES];
    let samples = turns(
        TURNS,
        &mut [
            repeated(200, || gate.judge(&event, &mut Reply::default()).is_ok()),
            repeated(200, || {
                here.write_all(&bytes).is_ok() && here.read_exact(&mut bytes[..16]).is_ok()
            }),
        ],
    )?;
    drop(here);
    let _ = echo.join();
    report.add(
        Row::new(
            "one hook in a process of its own, there and back, one processor",
            &samples[0],
            "a socket to another thread and back",
            &samples[1],
        )
        .bar(Bar::AtMost(10_000.0)),
    );
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
