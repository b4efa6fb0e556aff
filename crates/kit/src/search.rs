//! Searching names and ids by how they begin.

use halley_model::{FieldError, field, limits};

/// A search text as an index's range: lower case, and the end that is past every text with that prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// The first text that fits.
    pub from: String,
    /// The first text that does not fit any more, by bytes.
    pub to: String,
}

impl Prefix {
    /// Reads `searchKey`; empty is no search.
    pub fn parse(search_key: &str) -> Result<Option<Self>, FieldError> {
        field::text("searchKey", search_key, limits::NAME_MAX)?;
        if search_key.is_empty() {
            return Ok(None);
        }
        let from = fold(search_key);
        // The last code point, which no text holds: by bytes it comes after every other.
        let to = format!("{from}\u{10FFFF}");
        Ok(Some(Self { from, to }))
    }
}

/// A name as searches and sorts read it.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Prefix;

    #[test]
    fn a_prefix_is_a_range_of_lower_case_texts() {
        let prefix = Prefix::parse("Zoë").unwrap().unwrap();
        let fits = |text: &str| *text >= *prefix.from && *text < *prefix.to;
        assert!(fits("zoë") && fits("zoë 😀 z"));
        assert!(!fits("zoe") && !fits("zof"));
        assert_eq!(Prefix::parse("").unwrap(), None);
        assert!(Prefix::parse("a\0").is_err());
    }
}
