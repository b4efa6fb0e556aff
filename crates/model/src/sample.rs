//! The people and the group that a new app has to try things with.

/// Uids and names.
pub const USERS: [(&str, &str); 5] = [
    ("caroline", "Caroline Herschel"),
    ("edmond", "Edmond Halley"),
    ("giotto", "Giotto di Bondone"),
    ("hypatia", "Hypatia of Alexandria"),
    ("maria", "Maria Mitchell"),
];

/// Guid and name of a public group that they are all in; the first user owns it.
pub const GROUP: (&str, &str) = ("observatory", "Observatory");
