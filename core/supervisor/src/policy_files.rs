//! The policy's files, watched for changes (inotify(7)).

use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::inotify;

/// How many changes of files are read at a time.
const MOST_CHANGES: usize = 1024;

/// What tells of the changes.
#[derive(Debug)]
pub(crate) struct PolicyFiles {
    /// Never closed: that waits for the kernel's other readers, 10 ms and more, and the command's end would too.
    changes: ManuallyDrop<OwnedFd>,
}

impl PolicyFiles {
    /// Watches the directories of these files: editors replace files, which a watch on the file itself would miss.
    pub(crate) fn watch(watched: &[PathBuf]) -> Option<Self> {
        if watched.is_empty() {
            return None;
        }
        let changes =
            inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).ok()?;
        for path in watched {
            if let Some(directory) = path.parent() {
                let directory = if directory.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    directory
                };
                let _ = inotify::add_watch(
                    &changes,
                    directory,
                    inotify::WatchFlags::CLOSE_WRITE | inotify::WatchFlags::MOVED_TO,
                );
            }
        }
        Some(Self {
            changes: ManuallyDrop::new(changes),
        })
    }

    /// Reads the changes that there were. Returns whether one of these files was among them.
    pub(crate) fn have_changed(&self, watched: &[PathBuf]) -> bool {
        let mut buffer = [const { MaybeUninit::<u8>::uninit() }; 4096];
        let mut reader = inotify::Reader::new(&*self.changes, &mut buffer);
        let mut have_changed = false;
        for _ in 0..MOST_CHANGES {
            let Ok(event) = reader.next() else { break };
            have_changed |= event.file_name().is_some_and(|name| {
                let mut files = watched.iter().filter_map(|path| path.file_name());
                files.any(|file| file.as_encoded_bytes() == name.to_bytes())
            });
        }
        have_changed
    }
}

impl AsFd for PolicyFiles {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.changes.as_fd()
    }
}
