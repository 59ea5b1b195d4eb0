use std::fs;
use std::io::Write as _;

use super::*;
use crate::{Rotation, RunId, Writer};

fn all(reader: &mut Reader) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    lines
}

fn of(bytes: &[u8]) -> (Vec<String>, Reader) {
    let mut reader = Reader::stream(io::Cursor::new(bytes.to_vec()));
    (all(&mut reader), reader)
}

#[test]
fn a_journal_cut_anywhere_is_read_up_to_its_last_whole_line() {
    let text = b"{\"a\":1}\n{\"b\":2}\n\n{\"c\":3}\n";
    for end in 0..=text.len() {
        let whole = text[..end].iter().filter(|&&byte| byte == b'\n').count();
        let (lines, reader) = of(&text[..end]);
        let expected: Vec<&str> = ["{\"a\":1}", "{\"b\":2}", "", "{\"c\":3}"][..whole]
            .iter()
            .copied()
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(lines, expected);
        assert_eq!(reader.is_torn(), end > 0 && text[end - 1] != b'\n');
        assert_eq!(reader.skipped(), Skipped::default());
    }
}

#[test]
fn a_line_without_end_is_skipped_in_bounded_memory() {
    let long = vec![b'x'; 5 * MAX_LINE];
    let (lines, reader) = of(&[b"1\n", &long[..], b"\n2\n"].concat());
    assert_eq!(lines, ["1", "2"]);
    assert_eq!(
        reader.skipped(),
        Skipped {
            too_long: 1,
            torn: 0
        }
    );
    assert!(reader.buffer.capacity() < 3 * MAX_LINE);
    let (lines, reader) = of(&[b"1\n", &long[..]].concat());
    assert_eq!(lines, ["1"]);
    assert!(reader.is_torn());
}

#[test]
fn files_that_were_put_aside_are_read_first() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    for (name, text) in [
        ("out.jsonl", "5\n"),
        ("out.jsonl.1", "3\n4\n"),
        ("out.jsonl.2", "1\n2\ntor"),
        ("out.jsonl.4", "not reached\n"),
    ] {
        fs::write(place.path().join(name), text).unwrap();
    }
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(all(&mut reader), ["1", "2", "3", "4", "5"]);
    assert_eq!(
        reader.skipped(),
        Skipped {
            too_long: 0,
            torn: 1
        }
    );
    assert!(!reader.is_torn());
}

#[test]
fn a_journal_that_is_not_there_is_named() {
    let error = Reader::open(Path::new("/nowhere/out.jsonl")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the journal cannot be opened: `/nowhere/out.jsonl`"
    );
}

#[test]
fn a_line_that_is_still_being_written_is_given_when_it_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"1\n{\"half\":").unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(all(&mut reader), ["1"]);
    file.write_all(b"true}\n").unwrap();
    let line = reader.wait_line(Duration::ZERO, || false).unwrap();
    assert_eq!(line, Some(&b"{\"half\":true}"[..]));
}

#[test]
fn a_file_that_is_emptied_is_followed_from_its_start() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    fs::write(&path, "1\n2\n3").unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(all(&mut reader), ["1", "2"]);
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    assert_eq!(reader.wait_line(Duration::ZERO, || false).unwrap(), None);
    fs::write(&path, "4\n").unwrap();
    assert_eq!(
        reader.wait_line(Duration::ZERO, || false).unwrap(),
        Some(&b"4"[..])
    );
}

#[test]
fn a_follower_sees_every_line_through_many_rotations() {
    const LINES: u32 = 20_000;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out.jsonl");
    // More files than rotations, so that a slow follower loses nothing.
    let rotation = Rotation {
        max_bytes: 2000,
        keep: 1000,
    };
    let mut writer = Writer::open(&path, &RunId::new(0, [0; 10]), rotation).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..LINES {
                writer.append(format!("{number}\n").as_bytes()).unwrap();
                if number % 7 == 0 {
                    writer.flush().unwrap();
                }
                if number % 1000 == 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let begun = std::time::Instant::now();
        for number in 0..LINES {
            let goes_on = || begun.elapsed() < Duration::from_secs(20);
            let line = reader
                .wait_line(Duration::from_micros(200), goes_on)
                .unwrap();
            assert_eq!(line, Some(number.to_string().as_bytes()));
        }
    });
    assert_eq!(reader.skipped(), Skipped::default());
}

#[test]
fn a_stream_ends_when_it_ends() {
    let mut reader = Reader::stream(&b"1\n"[..]);
    assert_eq!(
        reader.wait_line(Duration::ZERO, || true).unwrap(),
        Some(&b"1"[..])
    );
    assert_eq!(reader.wait_line(Duration::ZERO, || true).unwrap(), None);
}
