use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn run() -> RunId {
    RunId::new(0, [0; 10])
}

fn open(path: &Path, max_bytes: u64, keep: u32) -> Writer {
    Writer::open(path, &run(), Rotation { max_bytes, keep }).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn directories_and_file_are_made_for_their_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a/b/{run}.jsonl");
    let mut writer = open(&path, 0, 0);
    writer.append(b"{}\n").unwrap();
    writer.flush().unwrap();
    let named = place.path().join(format!("a/b/{}.jsonl", run()));
    assert_eq!(writer.path(), Some(&*named));
    assert_eq!(fs::read(&named).unwrap(), b"{}\n");
    assert_eq!(mode(&named), 0o600);
    assert_eq!(mode(&place.path().join("a")), 0o700);
    assert_eq!(mode(&place.path().join("a/b")), 0o700);
}

#[test]
fn lines_are_added_to_a_file_that_is_there() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    for line in ["1\n", "2\n"] {
        open(&path, 0, 0).append(line.as_bytes()).unwrap();
    }
    assert_eq!(fs::read(&path).unwrap(), b"1\n2\n");
}

#[test]
fn a_line_that_a_crash_cut_does_not_spoil_the_next_one() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    fs::write(&path, "1\n{\"to").unwrap();
    open(&path, 0, 0).append(b"2\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"1\n{\"to\n2\n");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let place = tempfile::tempdir().unwrap();
    let (path, victim) = (place.path().join("out.jsonl"), place.path().join("victim"));
    fs::write(&victim, "").unwrap();
    symlink(&victim, &path).unwrap();
    let error = Writer::open(&path, &run(), Rotation::NEVER).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the journal is a symbolic link: `{}`\n\nhint: name the file that it points to",
            path.display()
        )
    );
}

#[test]
fn a_directory_is_no_journal() {
    let place = tempfile::tempdir().unwrap();
    let error = Writer::open(place.path(), &run(), Rotation::NEVER).unwrap_err();
    assert!(matches!(error, WriteError::Open { .. }), "{error}");
    fs::write(place.path().join("file"), "").unwrap();
    let error = Writer::open(&place.path().join("file/out"), &run(), Rotation::NEVER).unwrap_err();
    assert!(matches!(error, WriteError::Directory { .. }), "{error}");
}

#[test]
fn a_file_that_is_full_is_put_aside_with_whole_lines() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    let mut writer = open(&path, 10, 2);
    for number in 0..9 {
        writer.append(format!("{number}23\n").as_bytes()).unwrap();
    }
    writer
        .append(b"a line that is longer than a file may be\n")
        .unwrap();
    writer.append(b"last\n").unwrap();
    writer.flush().unwrap();
    let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    assert_eq!(read("out.jsonl"), "last\n");
    assert_eq!(
        read("out.jsonl.1"),
        "a line that is longer than a file may be\n"
    );
    assert_eq!(read("out.jsonl.2"), "823\n");
    assert!(!place.path().join("out.jsonl.3").exists());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn without_files_to_keep_a_full_file_is_dropped() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    let mut writer = open(&path, 4, 0);
    writer.append(b"123\n").unwrap();
    writer.append(b"456\n").unwrap();
    writer.sync().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"456\n");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn the_size_of_a_file_that_is_there_counts() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    fs::write(&path, "12345\n").unwrap();
    open(&path, 8, 1).append(b"678\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"678\n");
    assert_eq!(fs::read(aside(&path, 1)).unwrap(), b"12345\n");
}

#[test]
fn a_full_disk_is_an_error_and_the_last_one() {
    let mut writer = Writer::open(Path::new("/dev/full"), &run(), Rotation::NEVER).unwrap();
    writer.append(b"{}\n").unwrap();
    let error = writer.flush().unwrap_err();
    assert_eq!(error.to_string(), "the journal cannot be written");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("No space left"), "{source}");
    assert!(matches!(writer.append(b"{}\n"), Err(WriteError::Failed)));
    assert!(matches!(writer.flush(), Err(WriteError::Failed)));
}

#[test]
fn a_descriptor_that_does_not_wait_is_waited_for() {
    let (reader, writer) = io::pipe().unwrap();
    let writer: OwnedFd = writer.into();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let mut writer = Writer::from_fd(writer);
    let line = [vec![b'x'; 9999], vec![b'\n']].concat();
    let read = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(30));
        let mut all = Vec::new();
        { reader }.read_to_end(&mut all).unwrap();
        all
    });
    for _ in 0..100 {
        writer.append(&line).unwrap();
    }
    assert!(writer.path().is_none());
    drop(writer);
    assert_eq!(read.join().unwrap(), line.repeat(100));
}

#[test]
fn a_reader_that_went_away_is_an_error() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut writer = Writer::from_fd(writer.into());
    writer.append(b"{}\n").unwrap();
    assert!(matches!(writer.flush(), Err(WriteError::Write { .. })));
}
