//! Who may do what in a group, by owner, scope and role.
