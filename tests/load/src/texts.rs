//! What the messages say: always the same, or what people once wrote.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// A text as it is, and as a JSON string.
pub struct Text {
    pub plain: String,
    pub json: String,
}

/// Texts in the order in which they are sent; after the last one comes the first.
pub struct Texts(Vec<Text>);

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    id: String,
    text: String,
}

impl Texts {
    /// One text of so many bytes.
    pub fn repeated(bytes: usize) -> Self {
        Self(vec![Text::new("x".repeat(bytes))])
    }

    /// Those of a file of JSON lines, perhaps compressed, whose ids begin with `prefix`.
    pub fn read(path: &Path, prefix: &str) -> Result<Self> {
        let open = || path.display().to_string();
        let file = File::open(path).with_context(open)?;
        let compressed = path.extension().is_some_and(|extension| extension == "gz");
        let reader: Box<dyn Read> = if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut texts = Vec::new();
        for (number, line) in BufReader::new(reader).lines().enumerate() {
            let row: Row = serde_json::from_str(&line.with_context(open)?)
                .with_context(|| format!("{}, line {}", open(), number + 1))?;
            if row.id.starts_with(prefix) {
                texts.push(Text::new(row.text));
            }
        }
        ensure!(!texts.is_empty(), "{}: no row whose id begins with `{prefix}`", path.display());
        Ok(Self(texts))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// That of message `number`.
    pub fn of(&self, number: u64) -> &Text {
        &self.0[(number % self.len()) as usize]
    }
}

impl Text {
    pub fn new(plain: String) -> Self {
        let json = serde_json::Value::from(plain.as_str()).to_string();
        Self { plain, json }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn texts_come_in_order_and_begin_again() {
        let dir = std::env::temp_dir().join(format!("halley-load-texts-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("rows.jsonl.gz");
        let mut gz = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        gz.write_all(b"{\"id\":\"a-1\",\"text\":\"say \\\"hi\\\"\"}\n{\"id\":\"b-1\",\"text\":\"no\"}\n{\"id\":\"a-2\",\"text\":\"2\"}\n")
            .unwrap();
        gz.finish().unwrap();
        let texts = Texts::read(&path, "a-").unwrap();
        assert_eq!(texts.len(), 2);
        assert_eq!((texts.of(0).plain.as_str(), texts.of(0).json.as_str()), ("say \"hi\"", r#""say \"hi\"""#));
        assert_eq!(texts.of(3).plain, "2");
        assert!(Texts::read(&path, "c-").is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
