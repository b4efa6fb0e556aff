//! The client protocol, entry by entry. See `tests/it`.
