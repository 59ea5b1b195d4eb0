//! `audithook log`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use audithook_journal::{Filter, Line, Reader, Renderer, Since};
use audithook_policy::LoadContext;

use super::arguments::{FormatName, Log};
use super::failure::{Answer, Failure, unreadable};
use super::terminal::Terminal;

/// How often a journal that is followed is looked at.
const POLL: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: &Log, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let filter = Filter {
        events: arguments.event.clone(),
        verdicts: arguments
            .verdict
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        run: arguments.run.clone(),
        process: arguments.proc.clone(),
        since: arguments.since.as_deref().map(since).transpose()?,
    };
    let mut reader = open(arguments.file.as_deref())?;
    let mut printer = Printer {
        renderer: Renderer {
            colour: terminal.paint().is_on(),
        },
        format: arguments.format.format,
        filter,
        text: String::new(),
        known: 0,
        strange: 0,
    };
    while let Some(line) = reader.next_line().map_err(unreadable)? {
        printer.print(line, terminal.out())?;
    }
    if printer.known == 0 && printer.strange > 0 {
        return Err(not_a_journal(arguments.file.as_deref()));
    }
    if arguments.follow {
        follow(&mut reader, &mut printer, terminal)?;
    }
    terminal.flush()?;
    report(&reader, &printer, terminal);
    Ok(Answer::Good)
}

/// Writes what there is, then waits for more. Ends with standard output, or by a signal.
fn follow(
    reader: &mut Reader,
    printer: &mut Printer,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    loop {
        terminal.flush()?;
        let Some(line) = reader.wait_line(POLL, || true).map_err(unreadable)? else {
            // A stream has ended.
            return Ok(());
        };
        printer.print(line, terminal.out())?;
        while let Some(line) = reader.next_line().map_err(unreadable)? {
            printer.print(line, terminal.out())?;
        }
    }
}

struct Printer {
    renderer: Renderer,
    format: FormatName,
    filter: Filter,
    text: String,
    /// Lines of a journal.
    known: u64,
    /// Lines that are none.
    strange: u64,
}

impl Printer {
    fn print(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        let Ok(line) = Line::parse(bytes) else {
            self.strange += 1;
            return Ok(());
        };
        self.known += 1;
        if !self.filter.matches(&line) {
            return Ok(());
        }
        match self.format {
            FormatName::Json => {
                out.write_all(bytes)?;
                out.write_all(b"\n")
            }
            FormatName::Text => {
                self.text.clear();
                self.renderer.render(&mut self.text, &line);
                out.write_all(self.text.as_bytes())
            }
        }
    }
}

/// A file of which no line is one of a journal.
fn not_a_journal(file: Option<&Path>) -> Failure {
    let name = match file {
        Some(file) if file != Path::new("-") => file.display().to_string(),
        _ => "standard input".to_owned(),
    };
    Failure::new(format!("not a journal: `{name}`"))
        .hinted("a journal is what `run --journal` or `[journal] path` wrote")
}

/// What was not shown.
fn report(reader: &Reader, printer: &Printer, terminal: &mut Terminal) {
    let skipped = reader.skipped();
    let err = terminal.err();
    for (count, what) in [
        (printer.strange, "no line of a journal"),
        (skipped.too_long, "too long to be read"),
        (skipped.torn, "cut by a crash"),
        (
            u64::from(reader.is_torn()),
            "cut at the end: the run crashed, or is still writing",
        ),
    ] {
        if count > 0 {
            // Nobody is left to be told that it cannot be said.
            let _ = writeln!(err, "audithook: left out {count}: {what}");
        }
    }
}

fn open(file: Option<&Path>) -> Result<Reader, Failure> {
    match file {
        Some(file) if file == Path::new("-") => Ok(Reader::stream(io::stdin())),
        Some(file) => Reader::open(file).map_err(unreadable),
        None => Reader::open(&newest()?).map_err(unreadable),
    }
}

/// The newest journal of the default directory.
fn newest() -> Result<PathBuf, Failure> {
    let context = LoadContext::current(Vec::new())
        .map_err(|error| Failure::new(format!("there is no current directory: {error}")))?;
    let directory = context
        .state_dir()
        .ok_or_else(|| Failure::new("there is no home directory to look for journals in"))?;
    let entries = directory.read_dir().into_iter().flatten().flatten();
    let journals = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let age = |path: &PathBuf| {
        path.metadata()
            .and_then(|meta| meta.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    journals.max_by_key(age).ok_or_else(|| {
        Failure::new(format!("no journal in `{}`", directory.display()))
            .hinted("name the file that `run --journal` or `[journal] path` wrote")
    })
}

fn since(text: &str) -> Result<Since, Failure> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    Since::parse(text, now_ns).map_err(|error| {
        let text = error.to_string();
        match text.split_once("\n\nhint: ") {
            Some((message, hint)) => Failure::new(message).hinted(hint),
            None => Failure::new(text),
        }
    })
}
