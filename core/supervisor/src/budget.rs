//! What the descriptors that this process may have are for. They are divided beforehand, so that nothing that processes of
//! the tree do uses up what is needed to hear the next one.

/// How many connections may be open that have sent nothing yet.
const MOST_CONNECTIONS: usize = 1024;
/// How many questions may wait to be judged.
const MOST_QUESTIONS: usize = 1024;

/// A quarter each, and the last one for everything else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Connections that have sent nothing yet.
    pub(crate) connections: usize,
    /// Questions that wait to be judged.
    pub(crate) questions: usize,
    /// Processes whose ends are waited for.
    pub(crate) lives: usize,
}

impl Budget {
    /// By the limit that holds now.
    pub(crate) fn of_this_process() -> Self {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let quarter = limit.map_or(usize::MAX, |limit| (limit / 4) as usize);
        Self {
            connections: quarter.min(MOST_CONNECTIONS),
            questions: quarter.min(MOST_QUESTIONS),
            lives: quarter,
        }
    }
}
