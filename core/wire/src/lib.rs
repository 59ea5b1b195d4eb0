//! The flat event encoding, the shared-memory ring and the control messages.
