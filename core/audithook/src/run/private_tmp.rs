//! The directory of `tmp = "private"`: made for the run, and gone with it.

use std::fs::DirBuilder;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

/// The directory, removed when dropped.
#[derive(Debug)]
pub(super) struct PrivateTmp(PathBuf);

impl PrivateTmp {
    /// Makes it.
    pub(super) fn make(directory: PathBuf) -> Result<Self, String> {
        match DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => Ok(Self(directory)),
            Err(error) => Err(format!(
                "the private temporary directory cannot be made: `{}`: {error}",
                directory.display()
            )),
        }
    }
}

impl Drop for PrivateTmp {
    fn drop(&mut self) {
        // The program made what is in it: it may be nested deeper than there are descriptors, or not to be written to.
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            // Nobody may be left to be told.
            let _ = writeln!(
                std::io::stderr(),
                "audithook: the private temporary directory could not be removed: `{}`: {error}",
                self.0.display()
            );
        }
    }
}
