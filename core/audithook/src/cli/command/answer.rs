//! What a command answered, written where it was asked for.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::ArrowError;
use audithook_abi::{Value, View};
use audithook_loader::{Answer, ByteStream, Content, TableReader, TableStream};
use clap::ArgMatches;
use serde_json::Value as Json;
use tempfile::NamedTempFile;

use super::super::failure::Failure;
use super::super::terminal::Terminal;
use super::grammar::AnswerFormat;

/// Where an answer goes, and how it is written.
pub(super) struct Destination {
    file: Option<PathBuf>,
    format: AnswerFormat,
}

impl Destination {
    pub(super) fn of(typed: &mut ArgMatches) -> Self {
        Self {
            file: typed
                .remove_one::<PathBuf>("output")
                .filter(|file| file != Path::new("-")),
            format: typed
                .remove_one::<AnswerFormat>("format")
                .unwrap_or(AnswerFormat::Text),
        }
    }
}

/// Writes an answer to its end.
pub(super) fn write(
    answer: &mut Answer,
    destination: &Destination,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let Some(file) = &destination.file else {
        return write_to(answer, destination.format, terminal.out())
            .map_err(Broken::on_standard_output);
    };
    let mut whole = Whole::begin(file).map_err(|error| unwritable(file, &error))?;
    write_to(answer, destination.format, whole.writer()).map_err(|broken| broken.in_file(file))?;
    whole.end().map_err(|error| unwritable(file, &error))
}

/// Why an answer did not get to where it should.
enum Broken {
    /// The command failed.
    Command(Failure),
    /// It cannot be written.
    Output(io::Error),
}

impl Broken {
    fn on_standard_output(self) -> Failure {
        match self {
            Self::Command(failure) => failure,
            Self::Output(error) => Failure::Output(error),
        }
    }

    fn in_file(self, file: &Path) -> Failure {
        match self {
            Self::Command(failure) => failure,
            Self::Output(error) => unwritable(file, &error),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn unwritable(file: &Path, error: &io::Error) -> Failure {
    Failure::because("cannot write", file.display(), error)
}

fn write_to(answer: &mut Answer, format: AnswerFormat, out: &mut dyn Write) -> Result<(), Broken> {
    match answer.content() {
        Content::Nothing => Ok(()),
        Content::Bytes(stream) => write_bytes(stream, out),
        Content::Table(table) => write_table(table, format, out),
        Content::Value => write_value(answer.value(), format, out),
        other => Err(Broken::Command(Failure::new(format!(
            "the answer is of a kind that this version does not write: {other:?}"
        )))),
    }
}

fn write_bytes(stream: &mut ByteStream, out: &mut dyn Write) -> Result<(), Broken> {
    loop {
        match stream.next() {
            Ok(Some(piece)) => out.write_all(piece)?,
            Ok(None) => return Ok(()),
            Err(error) => return Err(Broken::Command(Failure::new(error.to_string()))),
        }
    }
}

fn write_value(value: &Value<'_>, format: AnswerFormat, out: &mut dyn Write) -> Result<(), Broken> {
    match format {
        AnswerFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(value)).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        AnswerFormat::Text => write_text(value, out)?,
        AnswerFormat::Arrow => {
            return Err(Broken::Command(
                Failure::new("the answer is no table, so it cannot be written as Arrow")
                    .hinted("`--format text` or `--format json`"),
            ));
        }
    }
    Ok(())
}

/// A list one element a line, a map one key a line.
fn write_text(value: &Value<'_>, out: &mut dyn Write) -> io::Result<()> {
    match value.view() {
        View::Null => Ok(()),
        View::List(elements) => elements.iter().try_for_each(|element| {
            write_one(element, out)?;
            out.write_all(b"\n")
        }),
        View::Map(pairs) => pairs.chunks_exact(2).try_for_each(|pair| {
            write_one(&pair[0], out)?;
            out.write_all(b": ")?;
            write_one(&pair[1], out)?;
            out.write_all(b"\n")
        }),
        _ => {
            write_one(value, out)?;
            out.write_all(b"\n")
        }
    }
}

/// What a command answers is data: it is written as it is.
fn write_one(value: &Value<'_>, out: &mut dyn Write) -> io::Result<()> {
    match value.view() {
        View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) => out.write_all(bytes),
        View::Bool(truth) => write!(out, "{truth}"),
        View::I64(number) => write!(out, "{number}"),
        View::U64(number) => write!(out, "{number}"),
        View::F64(number) => write!(out, "{number}"),
        View::Fd(number) => write!(out, "{number}"),
        _ => write!(out, "{}", json(value)),
    }
}

fn json(value: &Value<'_>) -> Json {
    let text = |bytes: &[u8]| Json::from(String::from_utf8_lossy(bytes));
    match value.view() {
        View::Bool(truth) => truth.into(),
        View::I64(number) => number.into(),
        View::U64(number) => number.into(),
        View::F64(number) => number.into(),
        View::Fd(number) => number.into(),
        View::Str(bytes) | View::Bytes(bytes) | View::Path(bytes) | View::Addr(bytes) => {
            text(bytes)
        }
        View::List(elements) => elements.iter().map(json).collect(),
        View::Map(pairs) => pairs
            .chunks_exact(2)
            .map(|pair| {
                let key = pair[0].as_bytes();
                let key = key.map_or_else(
                    || json(&pair[0]).to_string(),
                    |key| String::from_utf8_lossy(key).into_owned(),
                );
                (key, json(&pair[1]))
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => Json::Null,
    }
}

fn write_table(
    table: &mut TableStream,
    format: AnswerFormat,
    out: &mut dyn Write,
) -> Result<(), Broken> {
    let rows = table.reader().map_err(unreadable)?;
    let schema = rows.schema();
    match format {
        AnswerFormat::Text => write_columns(rows, out),
        AnswerFormat::Json => {
            let mut lines = arrow_json::LineDelimitedWriter::new(&mut *out);
            for batch in rows {
                lines
                    .write(&batch.map_err(unreadable)?)
                    .map_err(unwritten)?;
            }
            lines.finish().map_err(unwritten)
        }
        AnswerFormat::Arrow => {
            let mut stream =
                arrow_ipc::writer::StreamWriter::try_new(&mut *out, &schema).map_err(unwritten)?;
            for batch in rows {
                stream
                    .write(&batch.map_err(unreadable)?)
                    .map_err(unwritten)?;
            }
            stream.finish().map_err(unwritten)
        }
    }
}

/// One row a line, the columns apart by a tab; the first line has their names.
fn write_columns(rows: TableReader<'_>, out: &mut dyn Write) -> Result<(), Broken> {
    let schema = rows.schema();
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| &**field.name())
        .collect();
    writeln!(out, "{}", names.join("\t"))?;
    let options = FormatOptions::default();
    for batch in rows {
        let batch = batch.map_err(unreadable)?;
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable)?;
        for row in 0..batch.num_rows() {
            for (place, column) in columns.iter().enumerate() {
                let end = if place == 0 { "" } else { "\t" };
                write!(out, "{end}{}", column.value(row))?;
            }
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// The command failed while its table was read.
fn unreadable(error: ArrowError) -> Broken {
    Broken::Command(Failure::new(format!("the table cannot be read: {error}")))
}

/// What the writers of Arrow say is what their output says.
fn unwritten(error: ArrowError) -> Broken {
    match error {
        ArrowError::IoError(_, error) => Broken::Output(error),
        other => Broken::Command(Failure::new(format!(
            "the table cannot be written: {other}"
        ))),
    }
}

/// A file that appears whole or not at all; a device or a pipe is written as it is.
enum Whole {
    File {
        temporary: BufWriter<NamedTempFile>,
        file: PathBuf,
    },
    Device(BufWriter<File>),
}

impl Whole {
    fn begin(file: &Path) -> io::Result<Self> {
        // What a symlink leads to is replaced, not the link.
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        match file.metadata() {
            Ok(meta) if !meta.is_file() => {
                let device = File::options().write(true).open(&file)?;
                return Ok(Self::Device(BufWriter::new(device)));
            }
            _ => {}
        }
        let directory = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(match file.metadata() {
            Ok(meta) => std::os::unix::fs::PermissionsExt::mode(&meta.permissions()),
            Err(_) => 0o666,
        });
        let temporary = builder
            .prefix(".audithook-")
            .permissions(mode)
            .tempfile_in(directory)?;
        Ok(Self::File {
            temporary: BufWriter::new(temporary),
            file,
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::File { temporary, .. } => temporary,
            Self::Device(device) => device,
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            Self::File { temporary, file } => {
                let temporary = temporary.into_inner()?;
                temporary.persist(file)?;
                Ok(())
            }
            Self::Device(mut device) => device.flush(),
        }
    }
}
