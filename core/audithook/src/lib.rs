//! Audit hooks for every process: the library and the command.
