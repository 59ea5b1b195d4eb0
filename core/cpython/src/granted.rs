//! The addresses that allowed names resolved to in this process: what a rule that names a host lets through.
//!
//! A fixed table that any thread reads and writes without a lock. Each entry is written once under a sequence number;
//! when the table is full the oldest entry goes. A forked child has its parent's table.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};

use audithook_matcher::{Names, host};

const ENTRIES: usize = 512;
/// The longest host name (RFC 1035).
const LONGEST_NAME: usize = 253;

struct Entry {
    /// Even: readable. Odd: being written. 0: empty.
    version: AtomicU32,
    content: UnsafeCell<Content>,
}

#[derive(Clone, Copy)]
struct Content {
    address: [u8; 16],
    length: u8,
    name: [u8; LONGEST_NAME],
}

// SAFETY: `content` is written by the thread that made `version` odd, and read as a copy that counts only if `version`
// was even and the same before and after.
unsafe impl Sync for Entry {}

static TABLE: [Entry; ENTRIES] = [const {
    Entry {
        version: AtomicU32::new(0),
        content: UnsafeCell::new(Content {
            address: [0; 16],
            length: 0,
            name: [0; LONGEST_NAME],
        }),
    }
}; ENTRIES];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Remembers that the name, which the policy allows, resolved to the address, in whatever form: behind NAT64 (RFC 6052)
/// a host of IPv4 has an address of IPv6.
pub(crate) fn grant(name: &[u8], address: &[u8; 16]) {
    let address = host::canonical(*address);
    let mut known = false;
    Granted.each(&address, &mut |granted| known |= granted == name);
    if known || name.len() > LONGEST_NAME {
        return;
    }
    let entry = &TABLE[NEXT.fetch_add(1, Ordering::Relaxed) % ENTRIES];
    let version = entry.version.load(Ordering::Relaxed);
    if version % 2 == 1
        || entry
            .version
            .compare_exchange(
                version,
                version.wrapping_add(1),
                Ordering::Acquire,
                Ordering::Relaxed,
            )
            .is_err()
    {
        // Another thread writes this entry; the name is resolved again when it is needed.
        return;
    }
    let mut content = Content {
        address,
        length: name.len() as u8,
        name: [0; LONGEST_NAME],
    };
    content.name[..name.len()].copy_from_slice(name);
    // SAFETY: this thread made the version odd, so that no other writes; readers discard what they see meanwhile.
    unsafe { entry.content.get().write_volatile(content) };
    let next = version.wrapping_add(2);
    entry
        .version
        .store(if next == 0 { 2 } else { next }, Ordering::Release);
}

/// The table, as a judgement asks it.
pub(crate) struct Granted;

impl Names for Granted {
    fn each(&self, address: &[u8; 16], visit: &mut dyn FnMut(&[u8])) {
        let used = NEXT.load(Ordering::Relaxed).min(ENTRIES);
        for entry in &TABLE[..used] {
            let version = entry.version.load(Ordering::Acquire);
            if version == 0 || version % 2 == 1 {
                continue;
            }
            // SAFETY: the copy is plain data; it counts only if no writer came in between, which is checked below.
            let content = unsafe { entry.content.get().read_volatile() };
            fence(Ordering::Acquire);
            if entry.version.load(Ordering::Relaxed) == version && content.address == *address {
                visit(&content.name[..usize::from(content.length).min(LONGEST_NAME)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_granted_name_is_found_by_its_address_and_only_once() {
        let address = [7; 16];
        grant(b"example.org", &address);
        grant(b"example.org", &address);
        grant(b"example.net", &address);
        let mut names = Vec::new();
        Granted.each(&address, &mut |name| names.push(name.to_vec()));
        assert_eq!(names, [b"example.org".to_vec(), b"example.net".to_vec()]);
        Granted.each(&[8; 16], &mut |_| panic!("nothing was granted there"));
    }

    #[test]
    fn a_name_behind_nat64_is_found_by_the_address_that_is_judged() {
        let translated = "64:ff9b::198.51.100.7".parse::<std::net::Ipv6Addr>();
        grant(b"nat64.example", &translated.expect("an address").octets());
        let mut found = false;
        Granted.each(&host::mapped(0xc633_6407), &mut |name| {
            found |= name == b"nat64.example";
        });
        assert!(found);
    }
}
