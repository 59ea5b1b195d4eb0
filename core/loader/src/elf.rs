//! Whether a file is a shared library for this machine, before anything of it is mapped.
//!
//! The dynamic linker would refuse most of it too, in words of its own; a file that was cut off it maps and dies of.
//! Layout: the System V ABI, chapter 4 and 5; `elf.h`.

use std::io::{self, Read, Seek, SeekFrom};

/// Why a file is no shared library for this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// not an ELF file
    #[error("not an ELF file")]
    NotElf,
    /// built for {found}, this is {here}
    #[error("built for {found}, this is {here}")]
    OtherMachine {
        /// What the file is for.
        found: String,
        /// What this process is.
        here: &'static str,
    },
    /// an ELF file, but no shared library: {0}
    #[error("an ELF file, but no shared library: {0}")]
    NotShared(&'static str),
    /// cut off: {length} bytes of at least {least}
    #[error("cut off: {length} bytes of at least {least}")]
    CutOff {
        /// The file's length.
        length: u64,
        /// What its own headers say.
        least: u64,
    },
}

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
const TYPE_SHARED: u16 = 3;
const LOAD: u32 = 1;

#[cfg(target_arch = "x86_64")]
const HERE: (u16, &str) = (62, "x86-64");
#[cfg(target_arch = "aarch64")]
const HERE: (u16, &str) = (183, "AArch64");
#[cfg(target_arch = "riscv64")]
const HERE: (u16, &str) = (243, "64-bit RISC-V");

/// Looks at the headers of a file of `length` bytes.
pub(crate) fn check(mut file: impl Read + Seek, length: u64) -> io::Result<Result<(), ElfError>> {
    let mut header = [0; HEADER];
    let read = read_up_to(&mut file, &mut header)?;
    let layout = match header_layout(&header[..read], length) {
        Ok(layout) => layout,
        Err(error) => return Ok(Err(error)),
    };
    file.seek(SeekFrom::Start(layout.offset))?;
    for _ in 0..layout.count {
        let mut segment = [0; PROGRAM_HEADER];
        file.read_exact(&mut segment)?;
        let least = number(&segment, 8, 8).saturating_add(number(&segment, 32, 8));
        if number(&segment, 0, 4) as u32 == LOAD && least > length {
            return Ok(Err(ElfError::CutOff { length, least }));
        }
    }
    Ok(Ok(()))
}

/// Where the program headers are: they lie within the file.
struct ProgramHeaders {
    offset: u64,
    count: u64,
}

fn header_layout(header: &[u8], length: u64) -> Result<ProgramHeaders, ElfError> {
    if !header.starts_with(b"\x7fELF") {
        return Err(ElfError::NotElf);
    }
    if header.len() < HEADER {
        let least = HEADER as u64;
        return Err(ElfError::CutOff { length, least });
    }
    let machine = number(header, 18, 2) as u16;
    if header[4] != CLASS_64 || header[5] != LITTLE_ENDIAN || machine != HERE.0 {
        return Err(ElfError::OtherMachine {
            found: machine_name(header[4], header[5], header),
            here: HERE.1,
        });
    }
    match number(header, 16, 2) as u16 {
        TYPE_SHARED => {}
        1 => return Err(ElfError::NotShared("an object file")),
        2 => return Err(ElfError::NotShared("a program")),
        4 => return Err(ElfError::NotShared("a core dump")),
        _ => return Err(ElfError::NotShared("an unknown type")),
    }
    if number(header, 54, 2) as usize != PROGRAM_HEADER {
        return Err(ElfError::NotElf);
    }
    let (offset, count) = (number(header, 32, 8), number(header, 56, 2));
    let least = offset.saturating_add(count * PROGRAM_HEADER as u64);
    if least > length {
        return Err(ElfError::CutOff { length, least });
    }
    Ok(ProgramHeaders { offset, count })
}

fn machine_name(class: u8, endian: u8, header: &[u8]) -> String {
    let machine = if endian == LITTLE_ENDIAN {
        number(header, 18, 2) as u16
    } else {
        u16::from_be_bytes([header[18], header[19]])
    };
    let name = match machine {
        3 => "x86",
        40 => "ARM",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        _ => return format!("machine {machine}"),
    };
    match (class, endian) {
        (CLASS_64, LITTLE_ENDIAN) => name.to_owned(),
        (CLASS_64, _) => format!("{name} (big-endian)"),
        (_, LITTLE_ENDIAN) => format!("{name} (32-bit)"),
        _ => format!("{name} (32-bit, big-endian)"),
    }
}

/// A little-endian number of `width` bytes; the caller has checked the length.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    let mut number = [0; 8];
    number[..width].copy_from_slice(&bytes[at..at + width]);
    u64::from_le_bytes(number)
}

fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A header of a shared library for this machine with one segment of `size` bytes.
    fn library(size: u64) -> Vec<u8> {
        let mut file = vec![0; HEADER + PROGRAM_HEADER];
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', CLASS_64, LITTLE_ENDIAN]);
        file[16..18].copy_from_slice(&TYPE_SHARED.to_le_bytes());
        file[18..20].copy_from_slice(&HERE.0.to_le_bytes());
        file[32..40].copy_from_slice(&(HEADER as u64).to_le_bytes());
        file[54..56].copy_from_slice(&(PROGRAM_HEADER as u16).to_le_bytes());
        file[56..58].copy_from_slice(&1u16.to_le_bytes());
        file[HEADER..HEADER + 4].copy_from_slice(&LOAD.to_le_bytes());
        file[HEADER + 32..HEADER + 40].copy_from_slice(&size.to_le_bytes());
        file
    }

    fn checked(file: &[u8]) -> Result<(), ElfError> {
        check(Cursor::new(file), file.len() as u64).expect("memory does not fail")
    }

    #[test]
    fn this_very_program_is_for_this_machine() {
        let path = std::env::current_exe().expect("a test is a file");
        let file = std::fs::File::open(&path).expect("a test can be read");
        let length = file.metadata().expect("a test has a length").len();
        assert_eq!(check(file, length).expect("readable"), Ok(()));
    }

    #[test]
    fn a_library_that_ends_before_its_segments_do_is_cut_off() {
        assert_eq!(checked(&library(120)), Ok(()));
        let (length, least) = (120, 121);
        assert_eq!(
            checked(&library(121)),
            Err(ElfError::CutOff { length, least })
        );
        let (length, least) = (120, u64::MAX);
        assert_eq!(
            checked(&library(u64::MAX)),
            Err(ElfError::CutOff { length, least })
        );
    }

    #[test]
    fn every_cut_of_a_library_is_refused_and_none_panics() {
        let whole = library(120);
        for length in 0..whole.len() {
            assert!(checked(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn other_machines_are_named() {
        let mut file = library(0);
        file[18] = 40;
        file[4] = 1;
        let found = "ARM (32-bit)".to_owned();
        assert_eq!(
            checked(&file),
            Err(ElfError::OtherMachine {
                found,
                here: HERE.1
            })
        );
        file[18..20].copy_from_slice(&999u16.to_le_bytes());
        let found = "machine 999".to_owned();
        assert_eq!(
            checked(&file),
            Err(ElfError::OtherMachine {
                found,
                here: HERE.1
            })
        );
    }

    #[test]
    fn an_object_file_is_no_library() {
        let mut file = library(0);
        file[16] = 1;
        assert_eq!(checked(&file), Err(ElfError::NotShared("an object file")));
    }
}
