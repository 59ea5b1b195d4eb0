//! The journal: JSON lines, rotation and readers.
