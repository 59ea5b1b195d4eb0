//! Whether the preload library can come along into a program: what the dynamic loader will make of it (ld.so(8)).
//!
//! Pure: the caller reads the file. The preload library asks between `vfork` and `exec`, the supervisor before it starts
//! the command; both must come to the same answer.
#![no_std]
#![forbid(unsafe_code)]

/// How much of a file is looked at, in bytes: headers stand at its beginning.
pub const HEAD: usize = 2048;

/// How many interpreters scripts may name in a row, as in the kernel (BINPRM_MAX_RECURSION).
pub const MOST_INTERPRETERS: usize = 5;

/// What becomes of the library in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It is loaded.
    Followed,
    /// It is not loaded, for this reason; leaving it in the environment does no harm, and reaches the children.
    Lost(&'static str),
    /// It is not loaded, and must not be in the environment: the loader would fail, or complain.
    Unwelcome(&'static str),
}

impl Coverage {
    /// Why the library is not loaded; `None` if it is.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Followed => None,
            Self::Lost(reason) | Self::Unwelcome(reason) => Some(reason),
        }
    }
}

/// A program that changes who the process is: the loader ignores LD_PRELOAD there.
pub const PRIVILEGED: Coverage = Coverage::Lost("set-user-id");

/// A program whose file gives capabilities: the loader ignores LD_PRELOAD there.
pub const CAPABLE: Coverage = Coverage::Lost("file capabilities");

/// A process whose effective user or group is not the real one: the loader ignores LD_PRELOAD in what it starts.
pub const OTHER_IDS: Coverage = Coverage::Lost("effective user or group is not the real one");

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program<'h> {
    /// `#!`: this program is executed in its place.
    Script(&'h [u8]),
    /// The file itself is executed.
    Binary(Coverage),
}

/// Reads the first bytes of a file, [`HEAD`] of them if there are as many. What cannot be understood counts as followed: the
/// kernel refuses it, or the program itself announces when it starts.
#[must_use]
pub fn read(head: &[u8]) -> Program<'_> {
    let Some(line) = head.strip_prefix(b"#!") else {
        return Program::Binary(read_elf(head));
    };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or(line);
    let interpreter = line
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .find(|word| !word.is_empty());
    Program::Script(interpreter.unwrap_or(b""))
}

fn read_elf(head: &[u8]) -> Coverage {
    const MACHINE: u16 = if cfg!(target_arch = "aarch64") {
        183
    } else {
        62
    };
    const PT_INTERP: u32 = 3;
    const PROGRAM_HEADER: usize = 56;

    let half = |at| bytes_at(head, at).map(u16::from_le_bytes);
    let word = |at| bytes_at(head, at).map(u32::from_le_bytes);
    let long = |at| bytes_at(head, at).map(u64::from_le_bytes);

    if !head.starts_with(b"\x7fELF") {
        // The kernel refuses it, or binfmt_misc runs something that announces itself.
        return Coverage::Followed;
    }
    // 64 bits, little-endian.
    if head.get(4..6) != Some(&[2, 1]) || half(18) != Some(MACHINE) {
        return Coverage::Unwelcome("other architecture");
    }
    let (Some(offset), Some(count)) = (long(32), half(56)) else {
        return Coverage::Followed;
    };
    for place in 0..usize::from(count) {
        let start = usize::try_from(offset)
            .ok()
            .and_then(|offset| offset.checked_add(place * PROGRAM_HEADER));
        let Some((start, kind)) = start.and_then(|start| Some((start, word(start)?))) else {
            // Headers beyond what was read: not what any linker makes.
            return Coverage::Followed;
        };
        if kind != PT_INTERP {
            continue;
        }
        let loader = long(start.saturating_add(8))
            .zip(long(start.saturating_add(32)))
            .and_then(|(at, size)| {
                let at = usize::try_from(at).ok()?;
                head.get(at..at.checked_add(usize::try_from(size).ok()?)?)
            });
        return match loader {
            Some(loader) if !contains(loader, b"ld-linux") => {
                Coverage::Unwelcome("other C library")
            }
            _ => Coverage::Followed,
        };
    }
    Coverage::Lost("static")
}

/// `N` bytes of a file that may say anything of where they are.
fn bytes_at<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec;

    use super::*;

    #[test]
    fn a_script_names_its_interpreter() {
        assert_eq!(read(b"#! /bin/sh -e\necho\n"), Program::Script(b"/bin/sh"));
        assert_eq!(
            read(b"#!/usr/bin/env python3"),
            Program::Script(b"/usr/bin/env")
        );
        assert_eq!(read(b"#!\n"), Program::Script(b""));
    }

    #[test]
    fn static_foreign_and_torn_programs_are_told_apart() {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[18..20].copy_from_slice(
            &(if cfg!(target_arch = "aarch64") {
                183_u16
            } else {
                62
            })
            .to_le_bytes(),
        );
        assert_eq!(read_elf(&elf), Coverage::Lost("static"));
        elf[4] = 1;
        assert_eq!(read_elf(&elf), Coverage::Unwelcome("other architecture"));
        elf[4] = 2;
        elf[32..40].copy_from_slice(&64_u64.to_le_bytes());
        elf[56] = 1;
        assert_eq!(read_elf(&elf), Coverage::Followed);
        let mut header = vec![0; 56];
        header[0] = 3;
        header[8..16].copy_from_slice(&120_u64.to_le_bytes());
        header[32..40].copy_from_slice(&25_u64.to_le_bytes());
        elf.extend(&header);
        elf.extend(b"/lib/ld-musl-x86_64.so.1\0");
        assert_eq!(read_elf(&elf), Coverage::Unwelcome("other C library"));
        elf[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(read_elf(&elf), Coverage::Followed);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        let mut state = 1_u64;
        let mut bytes =
            *b"\x7fELF\x02\x01..............................................................";
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let place = 4 + (state as usize >> 8) % (bytes.len() - 4);
            bytes[place] = state as u8;
            let _ = read(&bytes[..4 + (state as usize >> 20) % (bytes.len() - 4)]);
        }
    }
}
