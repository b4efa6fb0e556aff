//! What an entry of the protocol is, and the list of those that must exist.

use std::collections::BTreeMap;

use futures::future::LocalBoxFuture;

use crate::stage::Stage;

/// What an entry comes to.
pub type Outcome = anyhow::Result<()>;

/// One thing that the protocol says, as a test.
pub struct Entry {
    /// Its id in the list.
    pub id: &'static str,
    pub run: fn(Stage) -> LocalBoxFuture<'static, Outcome>,
}

/// Makes a table of entries from functions, which give the ids.
#[macro_export]
macro_rules! entries {
    ($($name:ident),* $(,)?) => {
        pub const ENTRIES: &[$crate::entry::Entry] = &[
            $($crate::entry::Entry { id: stringify!($name), run: |stage| Box::pin($name(stage)) }),*
        ];
    };
}

/// What the list says of an entry.
pub struct Listed {
    /// Section of the protocol.
    pub section: u8,
    /// Why it has no test; empty: it has one.
    pub left_out: &'static str,
    /// Why it is known to fail; empty: it must pass. One that passes all the same is to be taken off.
    pub fails: &'static str,
    /// What it shows.
    pub shows: &'static str,
}

/// The list that is checked in: section, id, state, what it shows; tabs between. The state is `-`, why it is left out, or
/// `fails:` with the reason.
const LIST: &str = include_str!("protocol.tsv");

/// The list by id.
pub fn listed() -> BTreeMap<&'static str, Listed> {
    let mut listed = BTreeMap::new();
    for line in LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [section, id, state, shows] = fields[..] else { panic!("protocol.tsv: {line:?} has not four fields") };
        let section = section.parse().unwrap_or_else(|_| panic!("protocol.tsv: {section:?} is no section"));
        let fails = state.strip_prefix("fails: ").unwrap_or_default();
        let left_out = if state == "-" || !fails.is_empty() { "" } else { state };
        let earlier = listed.insert(id, Listed { section, left_out, fails, shows });
        assert!(earlier.is_none(), "protocol.tsv: {id} stands there twice");
    }
    listed
}
