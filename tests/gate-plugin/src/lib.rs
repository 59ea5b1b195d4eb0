//! A tiny gate for the end-to-end tests.
