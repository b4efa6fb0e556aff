//! Batches of lines of a file, compressed or not, with a progress bar.

use std::{
    fs::File,
    io::{BufRead, BufReader, IsTerminal as _, Read},
    path::Path,
    time::Instant,
};

use anyhow::{Context as _, Result};
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Longest line that is read.
const LINE_MAX_BYTES: u64 = 1024 * 1024;

/// A line that can't be imported, and why.
#[derive(Debug)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// For a person.
    pub reason: String,
}

impl Fault {
    /// With its file, as the error that ends the import.
    pub fn at(self, file: &str) -> anyhow::Error {
        anyhow::anyhow!("{file}, line {}: {}. What stands before it is imported.", self.line, self.reason)
    }
}

/// A line of the file.
pub struct Row {
    /// From 1.
    pub line: usize,
    pub text: String,
}

/// Some lines, and the fault that ended the reading, if one did.
pub struct Batch {
    pub rows: Vec<Row>,
    pub fault: Option<Fault>,
}

/// A file that is being read.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    line: usize,
    items: u64,
    begun: Instant,
    bar: ProgressBar,
}

impl Lines {
    /// Opens a file; `.gz` is unpacked.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let bar = bar(file.metadata()?.len(), path);
        // The bar counts the file's own bytes, so that it can tell the time left of a compressed file, too.
        let counted = bar.wrap_read(BufReader::new(file));
        let reader: Box<dyn BufRead + Send> = if path.extension().is_some_and(|extension| extension == "gz") {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(counted)))
        } else {
            Box::new(BufReader::with_capacity(1 << 16, counted))
        };
        Ok(Self { reader, line: 0, items: 0, begun: Instant::now(), bar })
    }

    /// The next lines; `None` at the end. Blank lines are skipped.
    pub async fn batch(&mut self, size: usize) -> Result<Option<Batch>> {
        tokio::task::block_in_place(|| self.read(size))
    }

    fn read(&mut self, size: usize) -> Result<Option<Batch>> {
        let mut rows = Vec::with_capacity(size);
        while rows.len() < size {
            let mut bytes = Vec::new();
            let length = self.reader.by_ref().take(LINE_MAX_BYTES + 1).read_until(b'\n', &mut bytes)?;
            if length == 0 {
                break;
            }
            self.line += 1;
            let line = self.line;
            if length as u64 > LINE_MAX_BYTES {
                let reason = format!("longer than {LINE_MAX_BYTES} bytes");
                return Ok(Some(Batch { rows, fault: Some(Fault { line, reason }) }));
            }
            match String::from_utf8(bytes) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => rows.push(Row { line, text }),
                Err(_) => {
                    let fault = Fault { line, reason: "not UTF-8".to_owned() };
                    return Ok(Some(Batch { rows, fault: Some(fault) }));
                }
            }
        }
        Ok((!rows.is_empty()).then_some(Batch { rows, fault: None }))
    }

    /// Counts committed items.
    pub fn done(&mut self, items: usize) {
        self.items += items as u64;
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!("{} rows, {:.0}/s", self.items, self.items as f64 / seconds));
    }

    /// Ends the bar with a line that stays.
    pub fn finish(self, text: &str) {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        self.bar.finish_and_clear();
        println!("{text} ({seconds:.1} s, {:.0}/s)", self.items as f64 / seconds);
    }
}

fn bar(bytes: u64, path: &Path) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{prefix:24} [{bar:30}] {percent:>3}%  {msg}, {eta} left")
        .context("style")
        .expect("the template is a constant that is valid");
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[tokio::test(flavor = "multi_thread")]
    async fn compressed_and_plain_files_read_alike() {
        let dir = std::env::temp_dir().join(format!("halley-lines-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("dir");
        let text = b"{\"a\":1}\n\n{\"a\":2}\n";
        std::fs::write(dir.join("x.jsonl"), text).expect("write");
        let mut gz =
            flate2::write::GzEncoder::new(File::create(dir.join("x.jsonl.gz")).expect("file"), Default::default());
        gz.write_all(text).expect("write");
        gz.finish().expect("finish");
        for name in ["x.jsonl", "x.jsonl.gz"] {
            let mut lines = Lines::open(&dir.join(name)).expect("open");
            let batch = lines.batch(10).await.expect("read").expect("rows");
            let seen: Vec<(usize, &str)> = batch.rows.iter().map(|row| (row.line, row.text.trim())).collect();
            assert_eq!(seen, [(1, "{\"a\":1}"), (3, "{\"a\":2}")], "{name}");
            assert!(lines.batch(10).await.expect("read").is_none());
        }
        std::fs::remove_dir_all(&dir).expect("remove");
    }
}
