//! The plugin ABI: repr(C) types and the C header.
