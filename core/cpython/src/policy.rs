//! The policy image as this process has it mapped, and what it says about each event's name.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use audithook_catalogue::{self as catalogue, EVENT_COUNT, EventInfo, Symbol};
use audithook_matcher::{Image, Plan};

use crate::plugins::{self, Gates};
use crate::{fatal, modules, process};

/// How many events' names are remembered by their addresses. CPython has about 150, of which a run sees a few dozen.
const REMEMBERED: usize = 512;
/// How many names outside the catalogue are remembered.
const CUSTOM: usize = 128;
/// The longest name outside the catalogue that is remembered.
const LONGEST_CUSTOM: usize = 64;

/// One generation of the policy. Never unmapped: a thread may be in the middle of it.
pub(crate) struct Policy {
    /// What decides.
    pub(crate) image: Image<'static>,
    /// The gates that run in this process.
    pub(crate) gates: Gates,
    generation: u32,
    /// By a name's address: `address << 16 | symbol << 2 | state`, 0 for none.
    remembered: [AtomicU64; REMEMBERED],
    plans: [Slot; EVENT_COUNT as usize],
    custom: [CustomSlot; CUSTOM],
}

/// The plan of an event, made when it is first raised.
struct Slot {
    state: AtomicU8,
    plan: UnsafeCell<MaybeUninit<Plan>>,
}

struct CustomSlot {
    slot: Slot,
    length: UnsafeCell<u8>,
    name: UnsafeCell<[u8; LONGEST_CUSTOM]>,
}

const EMPTY: u8 = 0;
const WRITING: u8 = 1;
const READY: u8 = 2;

/// What is known of a name by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remembered {
    Unknown,
    /// Nobody wants the event.
    Unwanted,
    /// The event of the catalogue.
    Event(Symbol),
}

const UNWANTED: u64 = 1;
const WANTED: u64 = 2;

static CURRENT: AtomicPtr<Policy> = AtomicPtr::new(core::ptr::null_mut());
/// The word that the supervisor raises when a new image is there.
static GENERATION: AtomicPtr<AtomicU32> = AtomicPtr::new(core::ptr::null_mut());

/// Maps the run's policy. Ends the process if there is none: it would run unjudged.
pub(crate) fn begin() {
    if GENERATION.load(Ordering::Acquire).is_null() {
        let Some(word) = map_file(b"generation") else {
            fatal::fault(&[
                b"the run directory has no readable `generation`: `",
                process::run_directory(),
                b"`",
            ]);
        };
        GENERATION.store(word.as_ptr().cast_mut().cast(), Ordering::Release);
    }
    adopt();
}

/// The policy in force; `None` before [`begin`].
#[inline]
pub(crate) fn current() -> Option<&'static Policy> {
    let policy = CURRENT.load(Ordering::Acquire);
    // SAFETY: null, or a policy that is never unmapped.
    let policy = unsafe { policy.as_ref() }?;
    if wanted_generation() == policy.generation {
        return Some(policy);
    }
    Some(adopt())
}

/// The policy that was last in force, without a look for a newer one.
pub(crate) fn loaded() -> Option<&'static Policy> {
    // SAFETY: null, or a policy that is never unmapped.
    unsafe { CURRENT.load(Ordering::Acquire).as_ref() }
}

#[inline]
fn wanted_generation() -> u32 {
    let word = GENERATION.load(Ordering::Acquire);
    // SAFETY: null, or a mapping of the run's file that is never unmapped.
    unsafe { word.as_ref() }.map_or(0, |word| word.load(Ordering::Relaxed))
}

/// Maps the image of the wanted generation and makes it current.
#[cold]
fn adopt() -> &'static Policy {
    let generation = wanted_generation();
    let mut name = *b"policy.0000000000.image";
    let mut number = generation;
    for digit in name[7..17].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let Some(bytes) = map_file(&name) else {
        fatal::fault(&[
            b"the run directory has no readable `",
            &name,
            b"`: `",
            process::run_directory(),
            b"`",
        ]);
    };
    let Ok(image) = Image::parse(bytes) else {
        fatal::fault(&[
            b"the policy image is damaged, or made by another version of audithook: `",
            &name,
            b"`",
        ]);
    };
    // SAFETY: a fresh private mapping of zeros, which are valid for every field but those written here.
    let policy = unsafe {
        let memory = libc::mmap(
            core::ptr::null_mut(),
            size_of::<Policy>(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if memory == libc::MAP_FAILED {
            fatal::fault(&[b"no memory for the policy"]);
        }
        let policy = memory.cast::<Policy>();
        (&raw mut (*policy).image).write(image);
        (&raw mut (*policy).gates).write(plugins::load(&image));
        (&raw mut (*policy).generation).write(generation);
        &*policy
    };
    CURRENT.store(core::ptr::from_ref(policy).cast_mut(), Ordering::Release);
    policy
}

/// Maps a file of the run directory, read-only and for ever.
fn map_file(name: &[u8]) -> Option<&'static [u8]> {
    let path = process::run_file(name);
    // SAFETY: the path is NUL-terminated; raw system calls, because `open` is one of the functions this library stands
    // in front of. The descriptor is closed; the mapping stays.
    unsafe {
        let descriptor = libc::syscall(
            libc::SYS_openat,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
            0,
        ) as c_int;
        if descriptor < 0 {
            return None;
        }
        let mut status = MaybeUninit::<libc::stat>::zeroed();
        let mut mapped = libc::MAP_FAILED;
        let mut length = 0;
        if libc::fstat(descriptor, status.as_mut_ptr()) == 0 {
            length = status.assume_init().st_size as usize;
            if length > 0 {
                mapped = libc::mmap(
                    core::ptr::null_mut(),
                    length,
                    libc::PROT_READ,
                    libc::MAP_SHARED,
                    descriptor,
                    0,
                );
            }
        }
        libc::syscall(libc::SYS_close, descriptor);
        if mapped == libc::MAP_FAILED {
            return None;
        }
        Some(core::slice::from_raw_parts(mapped.cast::<u8>(), length))
    }
}

impl Policy {
    /// What is known of the name at this address.
    #[inline]
    pub(crate) fn remembered(&self, name: *const c_char) -> Remembered {
        let entry = self.remembered[place_of(name)].load(Ordering::Relaxed);
        if entry >> 16 != name as u64 {
            return Remembered::Unknown;
        }
        if entry & 3 == UNWANTED {
            return Remembered::Unwanted;
        }
        Remembered::Event(Symbol((entry >> 2 & 0x3fff) as u32))
    }

    /// Remembers what the name at this address means, if the address is a constant's.
    pub(crate) fn remember(&self, name: *const c_char, event: Option<Symbol>, wanted: bool) {
        let address = name as u64;
        if address >> 48 != 0 || (wanted && event.is_none()) || !modules::is_constant(name as usize)
        {
            return;
        }
        let symbol = event.map_or(0x3fff, |symbol| u64::from(symbol.0) & 0x3fff);
        let state = if wanted { WANTED } else { UNWANTED };
        self.remembered[place_of(name)]
            .store(address << 16 | symbol << 2 | state, Ordering::Relaxed);
    }

    /// Forgets all addresses: a module was unloaded.
    pub(crate) fn forget(&self) {
        for entry in &self.remembered {
            entry.store(0, Ordering::Relaxed);
        }
    }

    /// What the policy wants of an event of the catalogue.
    pub(crate) fn plan(&self, event: Symbol, info: &EventInfo) -> Plan {
        self.plans[event.0 as usize].get_or_make(|| self.image.plan(info.name.as_bytes()))
    }

    /// What the policy wants of an event outside the catalogue.
    pub(crate) fn custom_plan(&self, name: &[u8]) -> Plan {
        if name.len() > LONGEST_CUSTOM {
            return self.image.plan(name);
        }
        let first = hash(name) as usize;
        for probe in 0..4 {
            let custom = &self.custom[(first + probe) % CUSTOM];
            match custom.slot.state.load(Ordering::Acquire) {
                READY if custom.name() == name => return custom.slot.ready(),
                EMPTY if custom.slot.begin() => {
                    // SAFETY: this thread won the slot; readers wait for READY.
                    unsafe {
                        (&mut *custom.name.get())[..name.len()].copy_from_slice(name);
                        *custom.length.get() = name.len() as u8;
                    }
                    return custom.slot.finish(self.image.plan(name));
                }
                _ => {}
            }
        }
        self.image.plan(name)
    }
}

// SAFETY: the cells are written once, by the thread that won the slot, before READY is published.
unsafe impl Sync for Slot {}
// SAFETY: as above.
unsafe impl Sync for CustomSlot {}

impl Slot {
    fn get_or_make(&self, make: impl FnOnce() -> Plan) -> Plan {
        if self.state.load(Ordering::Acquire) == READY {
            return self.ready();
        }
        let plan = make();
        if self.begin() {
            return self.finish(plan);
        }
        plan
    }

    fn begin(&self) -> bool {
        self.state
            .compare_exchange(EMPTY, WRITING, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn finish(&self, plan: Plan) -> Plan {
        // SAFETY: this thread won the slot, and readers wait for READY.
        unsafe { (*self.plan.get()).write(plan) };
        self.state.store(READY, Ordering::Release);
        plan
    }

    fn ready(&self) -> Plan {
        // SAFETY: READY was seen with Acquire: the plan is written and never changes again.
        unsafe { (*self.plan.get()).assume_init() }
    }
}

impl CustomSlot {
    fn name(&self) -> &[u8] {
        // SAFETY: called when READY was seen: name and length never change again.
        unsafe { &(&*self.name.get())[..usize::from(*self.length.get())] }
    }
}

/// The event of the catalogue with this name.
pub(crate) fn find(name: &CStr) -> Option<(Symbol, &'static EventInfo)> {
    catalogue::find_bytes(name.to_bytes())
}

#[inline]
fn place_of(name: *const c_char) -> usize {
    // Fibonacci hashing: string constants lie close together.
    ((name as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize
}

fn hash(name: &[u8]) -> u64 {
    // FNV-1a
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

const _: () = assert!(REMEMBERED == 1 << (64 - 55) && EVENT_COUNT < 0x3fff);
const _: () = assert!(size_of::<*const c_void>() == 8);
