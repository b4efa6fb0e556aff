//! Whole-platform tests: the platform started as users start it. See `tests/it`.
