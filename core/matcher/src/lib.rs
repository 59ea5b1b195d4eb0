//! The policy image and its evaluation.
