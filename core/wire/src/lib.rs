//! The flat event encoding, the shared-memory ring and the control messages.
//!
//! Three questions that this crate answers:
//!
//! *How does an event leave the process that raised it?* As one [`flat`] record: a few hundred bytes without
//! pointers, written by [`flat::Encoder`] into a buffer that the caller owns. Nothing on that side allocates, locks or
//! fails: what does not fit is cut and flagged.
//!
//! *How does the record reach the supervisor?* Through a [`ring`] in memory that both processes map. A record whose
//! `push` returned is read even if the process dies at its next instruction.
//!
//! *What if the process lies?* Everything that comes out of a ring or a socket is hostile. There is one decoder,
//! [`flat::Record::parse`]; it copies nothing, checks everything before it hands out anything, and its work is bounded by
//! the record's length. Values are nested by containment, never by offsets, so no record can name the same bytes twice
//! and grow when it is read.

pub mod flat;
pub mod message;
pub mod ring;
