//! What an event needs: found once for its name, then used for every time it is raised.

use audithook_catalogue::{Operation, Symbol};

/// How many sets of event-name patterns an image can hold: one bit of a [`Plan`] each.
pub const MOST_GROUPS: usize = 256;

/// What an event needs under one image. Made by [`Image::plan`](crate::Image::plan); good for that image only.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub(crate) event: Symbol,
    pub(crate) operation: Operation,
    pub(crate) needs: u32,
    /// The hooks that are known by this very name: a range of the image's list.
    pub(crate) hooks: (u32, u32),
    /// The groups of hooks whose patterns match the name, for names that the image does not know.
    pub(crate) groups: [u64; MOST_GROUPS / 64],
}

/// The bits of [`Plan::needs`] and of the image's table of events.
pub(crate) mod needs {
    pub(crate) const JUDGED: u32 = 1;
    pub(crate) const JOURNALLED: u32 = 2;
    pub(crate) const OBSERVED: u32 = 4;
    pub(crate) const LISTS: u32 = 8;
    pub(crate) const NO_ARGUMENTS: u32 = 16;
}

impl Plan {
    /// The event's number in the catalogue, [`Symbol::NONE`] for a name of its own.
    #[must_use]
    pub const fn event(&self) -> Symbol {
        self.event
    }

    /// What the operation does to the world.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// The plan for the hooks alone: the lists are asked elsewhere.
    #[must_use]
    pub const fn without_lists(self) -> Self {
        Self {
            operation: Operation::None,
            needs: self.needs & !needs::LISTS,
            ..self
        }
    }

    /// Whether there is anything to do at all.
    #[must_use]
    #[inline]
    pub const fn wanted(&self) -> bool {
        self.needs & (needs::JUDGED | needs::JOURNALLED | needs::OBSERVED) != 0
    }

    /// Whether the event is to be judged: a list holds it, or some hook is there for it.
    #[must_use]
    #[inline]
    pub const fn judged(&self) -> bool {
        self.needs & needs::JUDGED != 0
    }

    /// Whether the journal has the event even if nothing refuses it.
    #[must_use]
    #[inline]
    pub const fn journalled(&self) -> bool {
        self.needs & needs::JOURNALLED != 0
    }

    /// Whether some observer, or a condition that only the supervisor can evaluate, may want to see the event.
    /// [`Judgement::observe`](crate::Judgement::observe) says it exactly.
    #[must_use]
    #[inline]
    pub const fn observed(&self) -> bool {
        self.needs & needs::OBSERVED != 0
    }

    /// Whether the arguments are to be decoded.
    #[must_use]
    #[inline]
    pub const fn needs_arguments(&self) -> bool {
        self.wanted() && self.needs & needs::NO_ARGUMENTS == 0
    }
}
