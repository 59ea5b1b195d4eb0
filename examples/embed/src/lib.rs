//! A Rust program with events of its own.
