//! The generations of the policy: what the numbers in records mean.
//!
//! Each process switches to a new image at its next event, and may still say something of an old one long after: records
//! wait in rings, threads stand still in the middle of an event. Whether an old image is used no more cannot be known, so
//! all of them live as long as the run, and their memory is bounded instead.

use std::collections::HashMap;
use std::sync::Arc;

use audithook_matcher::{Image, Plan};
use audithook_policy::image::RuleText;

use super::bridge;

/// How much memory the images of a run may take, in bytes. A large policy has one of a few hundred KiB.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// How many plans are kept of a generation: names that a hostile program makes up are not.
const MOST_PLANS: usize = 4096;

/// One generation of the policy.
pub(super) struct Generation {
    pub(super) number: u32,
    pub(super) rules: Arc<[RuleText]>,
    bytes: &'static [u8],
    image: Image<'static>,
    plans: HashMap<Box<[u8]>, Plan>,
}

/// All of them, numbered from 1.
pub(super) struct Generations {
    all: Vec<Generation>,
    held: usize,
    most: usize,
}

impl Generations {
    /// Without any.
    pub(super) const fn new() -> Self {
        Self {
            all: Vec::new(),
            held: 0,
            most: MOST_BYTES,
        }
    }

    /// The number of the last one; 0 if there is none.
    pub(super) fn last(&self) -> u32 {
        self.all.len() as u32
    }

    /// Whether this is the last one again.
    pub(super) fn is_last(&self, bytes: &[u8], rules: &[RuleText]) -> bool {
        let last = self.all.last();
        last.is_some_and(|last| last.bytes == bytes && *last.rules == *rules)
    }

    /// Reads the image of the next one.
    pub(super) fn prepare(
        &mut self,
        bytes: Vec<u8>,
        rules: &[RuleText],
    ) -> Result<Generation, String> {
        if self.held + bytes.len() > self.most {
            return Err(format!(
                "the policy was changed too often in one run: its images fill {} MiB\n\nhint: end the run and start it again",
                self.held / 1024 / 1024
            ));
        }
        // Held from here on, whatever becomes of it.
        self.held += bytes.len();
        let bytes: &'static [u8] = Box::leak(bytes.into_boxed_slice());
        Ok(Generation {
            number: self.last() + 1,
            rules: rules.into(),
            bytes,
            image: Image::parse(bytes).map_err(|error| bridge::chain(&error))?,
            plans: HashMap::new(),
        })
    }

    /// The next one is there.
    pub(super) fn add(&mut self, generation: Generation) {
        self.all.push(generation);
    }

    /// The one that a record claims to be judged by; one that there is, whatever it claims.
    pub(super) fn of(&mut self, claimed: u32) -> Option<&mut Generation> {
        let place = (claimed as usize).clamp(1, self.all.len().max(1)) - 1;
        self.all.get_mut(place)
    }
}

impl Generation {
    /// Its image.
    pub(super) const fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// What it wants of an event.
    pub(super) fn plan(&mut self, name: &[u8]) -> Plan {
        if let Some(plan) = self.plans.get(name) {
            return *plan;
        }
        if self.plans.len() >= MOST_PLANS {
            self.plans.clear();
        }
        let plan = self.image.plan(name);
        self.plans.insert(name.into(), plan);
        plan
    }
}

#[cfg(test)]
mod tests {
    use audithook_policy::image::{self, ImageInput};

    use super::*;

    fn image(generation: u32) -> Vec<u8> {
        let input = ImageInput {
            generation,
            ..ImageInput::default()
        };
        image::build(&input).expect("an empty policy has an image")
    }

    #[test]
    fn the_same_policy_again_is_no_new_generation() {
        let mut generations = Generations::new();
        assert!(!generations.is_last(&image(1), &[]));
        let first = generations.prepare(image(1), &[]).expect("room");
        generations.add(first);
        assert!(generations.is_last(&image(1), &[]));
        assert!(!generations.is_last(&image(1), &[RuleText::default()]));
        assert!(!generations.is_last(&image(2), &[]));
    }

    #[test]
    fn the_memory_of_all_images_is_bounded() {
        let mut generations = Generations {
            most: 2 * image(1).len(),
            ..Generations::new()
        };
        for number in 1..=2 {
            let next = generations.prepare(image(number), &[]).expect("room");
            generations.add(next);
        }
        let Err(error) = generations.prepare(image(3), &[]) else {
            panic!("there is no room for a third");
        };
        assert!(error.contains("start it again"), "{error}");
    }

    #[test]
    fn whatever_a_record_claims_is_a_generation_that_there_is() {
        let mut generations = Generations::new();
        assert!(generations.of(1).is_none());
        let first = generations.prepare(image(1), &[]).expect("room");
        generations.add(first);
        for claimed in [0, 1, 2, u32::MAX] {
            assert!(generations.of(claimed).is_some());
        }
    }
}
