//! The preload library: a C audit hook in unmodified interpreters, and libc interposition.
