//! Lines for people: one event, one line.

use std::fmt::Write as _;

use audithook_abi::Verdict;
use audithook_catalogue::{EventInfo, find};
use serde_json::{Map, Value};

use crate::Line;
use crate::json::is_unsafe_to_show;

/// Shows lines as `TIME PID VERDICT EVENT WHAT [RULES]`, aligned.
///
/// The verdict is always a word; colour only repeats it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Renderer {
    /// Whether to use colours (ANSI).
    pub colour: bool,
}

impl Renderer {
    /// Appends the line, with a newline.
    pub fn render(&self, out: &mut String, line: &Line) {
        out.push_str(&shown_time(&line.time));
        let verdict = line.would.unwrap_or(line.verdict);
        let word = match line.would {
            Some(would) if would != line.verdict => format!("{}?", would.as_str()),
            _ => line.verdict.as_str().to_owned(),
        };
        let (on, off) = self.colours(verdict);
        // Writing to a string cannot fail.
        _ = write!(out, " {:>7} {on}{word:<5}{off} ", line.pid);
        let before = out.len();
        push_safe(out, &line.event);
        let width = out[before..].chars().count();
        out.extend(std::iter::repeat_n(' ', 22_usize.saturating_sub(width)));
        let what = what(&line.event, &line.args);
        if !what.is_empty() {
            out.push(' ');
            push_safe(out, &what);
        }
        if !line.rules.is_empty() {
            let rules: Vec<String> = line.rules.iter().map(ToString::to_string).collect();
            out.push_str("  [");
            push_safe(out, &rules.join(", "));
            out.push(']');
        }
        if let Some(reason) = &line.reason {
            out.push_str("  ");
            push_safe(out, reason);
        }
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }

    const fn colours(self, verdict: Verdict) -> (&'static str, &'static str) {
        match verdict {
            _ if !self.colour => ("", ""),
            Verdict::Allow => ("\x1b[32m", "\x1b[0m"),
            Verdict::Warn => ("\x1b[33m", "\x1b[0m"),
            Verdict::Deny => ("\x1b[31m", "\x1b[0m"),
            Verdict::Kill => ("\x1b[1;31m", "\x1b[0m"),
        }
    }
}

/// `2026-01-02 03:04:05.123`, of a time as lines have it; another time stays as it is.
fn shown_time(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..23)) {
        (Some(day), Some("T"), Some(clock)) if time.is_ascii() => {
            let mut shown = String::with_capacity(23);
            push_safe(&mut shown, day);
            shown.push(' ');
            push_safe(&mut shown, clock);
            shown
        }
        _ => {
            let mut shown = String::new();
            push_safe(&mut shown, time);
            shown
        }
    }
}

/// What the event was about: its main argument where the catalogue knows it, else all arguments.
fn what(event: &str, args: &Map<String, Value>) -> String {
    if let Some(what) = told_by_audithook(event, args) {
        return what;
    }
    if let Some((_, info)) = find(event)
        && let Some(what) = main_argument(info, args)
    {
        return what;
    }
    let mut all = String::new();
    for (name, value) in args {
        if !all.is_empty() {
            all.push(' ');
        }
        // Writing to a string cannot fail.
        _ = write!(all, "{name}={}", shown(value));
    }
    all
}

/// What audithook says of itself, of which the main argument alone would leave out the point.
fn told_by_audithook(event: &str, args: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| args.get(name).filter(|value| !value.is_null()).map(shown);
    Some(match event {
        "plugin.error" => format!(
            "{} {}: {} (on-error: {})",
            text("plugin")?,
            text("hook")?,
            text("error")?,
            text("verdict")?
        ),
        "plugin.quarantined" => {
            let count = text("count")?;
            let failures = if count == "1" { "failure" } else { "failures" };
            format!(
                "{} {}: not entered any more, after {count} {failures}",
                text("plugin")?,
                text("hook")?,
            )
        }
        "plugin.exit" => format!("{}: {}", text("plugin")?, text("reason")?),
        "plugin.load" => format!("{} {} {}", text("plugin")?, text("version")?, text("path")?),
        "policy.reload" => {
            let (path, generation) = (text("path")?, text("generation")?);
            match (text("error"), args.get("waits").and_then(Value::as_array)) {
                (Some(error), _) => {
                    // Its first paragraph; what follows is a picture of the place.
                    let error = error.split("\n").next().unwrap_or_default().to_owned();
                    format!("{path}: not reloaded, generation {generation} stays: {error}")
                }
                (None, Some(waits)) if !waits.is_empty() => {
                    let keys: Vec<_> = waits.iter().map(shown).collect();
                    format!(
                        "{path}: generation {generation}; waits for the next run: {}",
                        keys.join(", ")
                    )
                }
                (None, _) => format!("{path}: generation {generation}"),
            }
        }
        "process.uncovered" => {
            let program = text("path").or_else(|| text("exe"))?;
            format!("{program}: {}", text("reason")?)
        }
        "process.exit" => match (text("signal"), text("status")) {
            (Some(signal), _) => format!("signal {signal}{}", name_of(&signal)),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => return None,
        },
        "bus.lost" => format!("{}: {}", text("count")?, text("reason")?),
        _ => return None,
    })
}

/// The name of a signal, ` (KILL)`; empty for one without (signal(7), Linux on x86-64).
fn name_of(signal: &str) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let place = signal
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1));
    let name = place.and_then(|place| NAMES.get(place));
    name.map_or_else(String::new, |name| format!(" ({name})"))
}

fn main_argument(info: &EventInfo, args: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| args.get(name).filter(|value| !value.is_null()).map(shown);
    if let (Some(from), Some(to)) = (text("src"), text("dst")) {
        return Some(format!("{from} -> {to}"));
    }
    if let Some(host) = text("host") {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        let port = text("port").or_else(|| text("port_str"));
        return Some(port.map_or_else(|| host.clone(), |port| format!("{host}:{port}")));
    }
    // A shell says nothing; its command line does.
    if let Some(command) = text("command") {
        return Some(command);
    }
    let program = text("path").or_else(|| text("exe")).or_else(|| text("raw"));
    let more = text("args")
        .or_else(|| text("argv"))
        .or_else(|| text("flags"))
        .filter(|more| more.starts_with('['));
    if let Some(path) = program {
        return Some(more.map_or_else(|| path.clone(), |more| format!("{path} {more}")));
    }
    info.args.iter().find_map(|argument| text(argument.name))
}

/// Text as it is, everything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Appends text with everything escaped that could change what a terminal shows.
fn push_safe(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if is_unsafe_to_show(other) => out.extend(other.escape_unicode()),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(event: &str, more: &str) -> String {
        let mut line = serde_json::json!({
            "v": 1, "run": "r", "seq": 17, "time": "2026-01-02T03:04:05.123456789Z", "proc": "42.1", "pid": 4242,
            "tid": 43, "sources": ["cpython"], "event": event, "args": {}, "verdict": "allow", "rules": [], "generation": 1
        });
        let more: Value = serde_json::from_str(more).unwrap();
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let line = Line::parse(line.to_string().as_bytes()).unwrap();
        let mut out = String::new();
        Renderer::default().render(&mut out, &line);
        out
    }

    #[test]
    fn what_audithook_says_of_itself_keeps_its_point() {
        let mut text = String::new();
        for (event, args) in [
            (
                "plugin.error",
                r#"{"plugin":"sizes","hook":"hook.sizes","error":"the hook panicked: boom","verdict":"allow"}"#,
            ),
            (
                "plugin.quarantined",
                r#"{"plugin":"sizes","hook":"hook.sizes","count":1}"#,
            ),
            (
                "plugin.load",
                r#"{"plugin":"sizes","version":"1.0.0","path":"/p/libsizes.so","sha256":"00","placement":"supervisor"}"#,
            ),
            (
                "policy.reload",
                r#"{"path":"/shop/hooks.toml","generation":2,"error":null,"waits":[]}"#,
            ),
            (
                "policy.reload",
                r#"{"path":"/shop/hooks.toml","generation":2,"error":null,"waits":["journal.path","env"]}"#,
            ),
            (
                "policy.reload",
                r#"{"path":"/shop/hooks.toml","generation":2,"error":"hooks.toml:3:1: error: unknown key: `conect`\n   |","waits":[]}"#,
            ),
            (
                "process.uncovered",
                r#"{"path":"/bin/busybox","reason":"it is a static program","args":["ls"]}"#,
            ),
            (
                "bus.lost",
                r#"{"count":3,"from":1,"to":2,"reason":"the ring was full"}"#,
            ),
        ] {
            text.push_str(&shown(event, &format!(r#"{{"args":{args}}}"#))[38..]);
        }
        assert_eq!(
            text,
            "\
plugin.error           sizes hook.sizes: the hook panicked: boom (on-error: allow)
plugin.quarantined     sizes hook.sizes: not entered any more, after 1 failure
plugin.load            sizes 1.0.0 /p/libsizes.so
policy.reload          /shop/hooks.toml: generation 2
policy.reload          /shop/hooks.toml: generation 2; waits for the next run: journal.path, env
policy.reload          /shop/hooks.toml: not reloaded, generation 2 stays: hooks.toml:3:1: error: unknown key: `conect`
process.uncovered      /bin/busybox: it is a static program
bus.lost               3: the ring was full
"
        );
    }

    #[test]
    fn a_line_shows_time_process_verdict_event_what_and_rule() {
        let mut text = String::new();
        for (event, more) in [
            (
                "open",
                r#"{"args":{"path":"/etc/shadow","raw":"../etc/shadow","flags":["read"]},"verdict":"deny",
                    "rules":[{"id":"files.read","at":"hooks.toml:9"}],"errno":"EACCES"}"#,
            ),
            (
                "socket.connect",
                r#"{"args":{"host":"::1","port":443,"family":"inet6"}}"#,
            ),
            (
                "socket.connect",
                r#"{"args":{"host":null,"port":null,"path":"/run/x.sock"}}"#,
            ),
            (
                "os.rename",
                r#"{"args":{"src":"/a","dst":"/b"},"verdict":"allow","would":"deny"}"#,
            ),
            (
                "os.system",
                r#"{"args":{"path":"/bin/sh","command":"ls -l"},"verdict":"warn"}"#,
            ),
            ("import", r#"{"args":{"module":"os.path"}}"#),
            (
                "shop.order",
                r#"{"args":{"id":5,"total":9.5},"verdict":"kill","reason":"too much"}"#,
            ),
            ("an.event.with.a.very.long.name", "{}"),
        ] {
            text += &shown(event, more);
        }
        assert_eq!(
            text,
            "\
2026-01-02 03:04:05.123    4242 deny  open                   /etc/shadow [\"read\"]  [files.read (hooks.toml:9)]
2026-01-02 03:04:05.123    4242 allow socket.connect         [::1]:443
2026-01-02 03:04:05.123    4242 allow socket.connect         /run/x.sock
2026-01-02 03:04:05.123    4242 deny? os.rename              /a -> /b
2026-01-02 03:04:05.123    4242 warn  os.system              ls -l
2026-01-02 03:04:05.123    4242 allow import                 os.path
2026-01-02 03:04:05.123    4242 kill  shop.order             id=5 total=9.5  too much
2026-01-02 03:04:05.123    4242 allow an.event.with.a.very.long.name
"
        );
    }

    #[test]
    fn nothing_in_a_line_reaches_the_terminal_as_a_command() {
        let text = shown(
            "evil\\u001b[2J\\u202e",
            r#"{"time":"\u001b[2J2026-01-02T03:04:05.123456789Z","args":{"a\n":"\r\u001b]0;x\u0007"},
                "rules":[{"id":"\u009b1m","at":""}],"reason":"\n2026 forged"}"#,
        );
        assert_eq!(text.matches('\n').count(), 1);
        assert!(
            !text.trim_end_matches('\n').chars().any(is_unsafe_to_show),
            "{text:?}"
        );
    }

    #[test]
    fn colour_repeats_the_word() {
        let line = Line::parse(
            br#"{"v":1,"run":"r","seq":1,"time":"t","proc":"1.1","pid":1,"tid":1,"sources":[],"event":"open",
                "args":{},"verdict":"deny","rules":[],"generation":0}"#,
        )
        .unwrap();
        let mut out = String::new();
        Renderer { colour: true }.render(&mut out, &line);
        assert_eq!(out, "t       1 \u{1b}[31mdeny \u{1b}[0m open\n");
    }
}
