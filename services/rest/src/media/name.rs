//! Names of stored files: nobody guesses one, and none leads out of its folder.

/// 160 random bits: whoever knows the name may read the file, so it must not be found by trying.
const RANDOM_BYTES: usize = 20;
/// What a small copy of a picture has behind the picture's own name.
const COPIES: [&str; 3] = ["-small", "-medium", "-large"];
/// Longest ending of a stored name.
pub const EXTENSION_MAX: usize = 10;

/// The name of a stored file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    stem: String,
    extension: String,
}

impl Name {
    /// A fresh one. `extension` is one that [`is_extension`] accepts.
    pub fn fresh(extension: &str) -> Self {
        Self { stem: hex::encode(rand::random::<[u8; RANDOM_BYTES]>()), extension: extension.to_owned() }
    }

    /// Reads a name in an address. What was not made here is no name: so no path can be built of it.
    pub fn parse(text: &str) -> Option<Self> {
        let (stem, extension) = text.split_once('.')?;
        let (random, copy) = stem.split_at_checked(2 * RANDOM_BYTES)?;
        let is_hex = random.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_own = is_hex && (copy.is_empty() || COPIES.contains(&copy)) && is_extension(extension);
        is_own.then(|| Self { stem: stem.to_owned(), extension: extension.to_owned() })
    }

    /// The ending, which alone says how the file is shown.
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// The name of a picture's small copy: `small`, `medium` or `large`.
    pub fn copy(&self, size: &str, extension: &str) -> Self {
        Self { stem: format!("{}-{size}", self.stem), extension: extension.to_owned() }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.stem, self.extension)
    }
}

/// Whether a text can be the ending of a stored name.
pub fn is_extension(text: &str) -> bool {
    (1..=EXTENSION_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back() {
        let name = Name::fresh("png");
        assert_eq!(Name::parse(&name.to_string()), Some(name.clone()));
        let copy = name.copy("small", "jpg");
        assert_eq!(Name::parse(&copy.to_string()), Some(copy));
        assert_ne!(Name::fresh("png"), name);
    }

    #[test]
    fn nothing_else_is_a_name() {
        let good = Name::fresh("png").to_string();
        let stem = good.trim_end_matches(".png");
        let upper = good.to_uppercase();
        let huge = format!("{stem}-huge.png");
        let dotted = format!("{stem}.png.html");
        let deep = format!("{stem}/../{good}");
        for text in ["", ".", "..", "../a.png", "a.png", stem, &upper, &huge, &dotted, &deep, "é.png"] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
