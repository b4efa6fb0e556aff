//! The only place with SQL.

pub(crate) mod blocks;
pub(crate) mod friends;
pub(crate) mod roles;
pub(crate) mod user_list;
pub(crate) mod users;

/// The literal of a one-dimensional `text[]`, for arrays inside arrays: the wire format has no ragged ones.
fn array_literal(values: &[String]) -> String {
    let quoted: Vec<String> =
        values.iter().map(|v| format!("\"{}\"", v.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
}
