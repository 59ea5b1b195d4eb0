//! Events, interning, the hook plan, dispatch and verdicts.
