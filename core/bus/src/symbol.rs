//! Names to numbers and back.
//!
//! The catalogue's names keep the catalogue's numbers. Every other name gets the next number, for the life of
//! the process: nothing is ever forgotten, so a number never changes its meaning and a reader needs no lock.
//! That is why there is a bound: names may come from hostile processes.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use audithook_abi::Symbol;
use audithook_catalogue::SYMBOL_COUNT;

/// How many names a process may intern beside the catalogue's.
pub const CAPACITY: usize = 65_536;

/// How many of them may come [from others](intern_foreign). What is left is for this process itself.
pub const FOREIGN: usize = 8_192;

/// The longest name that gets a number of its own, in bytes: as long as one that another process can tell.
pub const LONGEST: usize = 512;

/// What stands for every name that has no number of its own: it came after [`CAPACITY`] others (after [`FOREIGN`] others
/// from elsewhere), or is longer than [`LONGEST`].
///
/// Nobody can tell which name it was, so every glob matches it: a gate on `order.*` judges it too. A flood of
/// names can make a policy refuse too much, never too little.
pub const OVERFLOW: Symbol = Symbol(SYMBOL_COUNT);

/// The text of [`OVERFLOW`].
pub const OVERFLOW_TEXT: &str = "(too many names)";

/// Twice the capacity, so that a probe is short even when the table is full.
const SLOTS: usize = CAPACITY * 2;
const CHUNK: usize = 1024;
const FIRST: u32 = SYMBOL_COUNT + 1;

type Chunk = Box<[OnceLock<&'static str>]>;

/// Open addressing: a slot holds 0, or the place of a name plus one. Written under `GROWING`, read by all.
static TABLE: [AtomicU32; SLOTS] = [const { AtomicU32::new(0) }; SLOTS];
static TEXTS: [OnceLock<Chunk>; CAPACITY / CHUNK] = [const { OnceLock::new() }; CAPACITY / CHUNK];
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Holds how many of the names came from others.
static GROWING: Mutex<usize> = Mutex::new(0);
/// Keyed by chance: whoever chooses the names must not choose the collisions.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The number of a name. A name that is already known costs no lock.
#[must_use]
pub fn intern(name: &str) -> Symbol {
    lookup(name).unwrap_or_else(|| insert(name, false))
}

/// The number of a name that another process chose, which may be hostile. A name that this process knows already has its
/// number, whoever brings it.
#[must_use]
pub fn intern_foreign(name: &str) -> Symbol {
    lookup(name).unwrap_or_else(|| insert(name, true))
}

/// The number of a name, if it has one already.
#[must_use]
pub fn lookup(name: &str) -> Option<Symbol> {
    if let Some((symbol, _)) = audithook_catalogue::find(name) {
        return Some(symbol);
    }
    if let Some(symbol) = audithook_catalogue::arg_symbol(name.as_bytes()) {
        return Some(symbol);
    }
    probe(name).ok()
}

/// The text of a number, `None` for one that nobody interned.
#[must_use]
pub fn text(symbol: Symbol) -> Option<&'static str> {
    if let Some(text) = audithook_catalogue::text(symbol) {
        return Some(text);
    }
    if symbol == OVERFLOW {
        return Some(OVERFLOW_TEXT);
    }
    let place = symbol.0.checked_sub(FIRST)? as usize;
    TEXTS
        .get(place / CHUNK)?
        .get()?
        .get(place % CHUNK)?
        .get()
        .copied()
}

/// One more than the highest number in use.
pub(crate) fn end() -> u32 {
    FIRST + COUNT.load(Ordering::Acquire)
}

/// The symbol, or the free slot at which the probe ended.
fn probe(name: &str) -> Result<Symbol, usize> {
    let mut slot = HASHER.hash_one(name) as usize % SLOTS;
    loop {
        let found = TABLE[slot].load(Ordering::Acquire);
        let Some(place) = found.checked_sub(1) else {
            return Err(slot);
        };
        let symbol = Symbol(FIRST + place);
        if text(symbol) == Some(name) {
            return Ok(symbol);
        }
        slot = (slot + 1) % SLOTS;
    }
}

fn insert(name: &str, is_foreign: bool) -> Symbol {
    if name.len() > LONGEST {
        return OVERFLOW;
    }
    let mut foreign = GROWING.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = match probe(name) {
        Ok(symbol) => return symbol,
        Err(slot) => slot,
    };
    let place = COUNT.load(Ordering::Relaxed) as usize;
    if place == CAPACITY || is_foreign && *foreign == FOREIGN {
        return OVERFLOW;
    }
    *foreign += usize::from(is_foreign);
    let chunk = TEXTS[place / CHUNK].get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
    // Leaked on purpose: a symbol is for the life of the process, and there are at most CAPACITY of them.
    chunk[place % CHUNK].get_or_init(|| String::from(name).leak());
    TABLE[slot].store(place as u32 + 1, Ordering::Release);
    COUNT.store(place as u32 + 1, Ordering::Release);
    Symbol(FIRST + place as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_keeps_its_numbers() {
        for (number, name) in audithook_catalogue::SYMBOLS.iter().enumerate() {
            assert_eq!(
                intern(name),
                Symbol(number as u32),
                "{name} stands twice in the catalogue"
            );
            assert_eq!(text(Symbol(number as u32)), Some(*name));
        }
    }

    #[test]
    fn a_name_has_one_number_whoever_interns_it_first() {
        let names: Vec<String> = (0..500).map(|n| format!("race.{n}")).collect();
        let numbers: Vec<Vec<Symbol>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| names.iter().map(|name| intern(name)).collect()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for other in &numbers[1..] {
            assert_eq!(other, &numbers[0]);
        }
        for (name, symbol) in names.iter().zip(&numbers[0]) {
            assert_eq!(text(*symbol), Some(name.as_str()));
        }
    }

    #[test]
    fn a_name_too_long_overflows() {
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(intern(&long), OVERFLOW);
        assert_eq!(text(OVERFLOW), Some(OVERFLOW_TEXT));
        assert_ne!(intern(&long[1..]), OVERFLOW);
    }

    #[test]
    fn a_number_that_nobody_interned_has_no_text() {
        assert_eq!(text(Symbol::NONE), None);
        assert_eq!(text(Symbol(SYMBOL_COUNT + 60_000)), None);
    }
}
