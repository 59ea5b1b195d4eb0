//! Counts events by any argument.
