//! The catalogue of events: names, arguments, versions and what each operation means.
