//! The catalogue of error codes against the code: what is in it is answered somewhere and tested somewhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use halley_model::error_code::{ErrorCode, NEVER_ANSWERED};

/// The project's Rust files below a folder, without what is generated or built.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !matches!(name, "target" | "generated") {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "error_code.rs" && name != "error_codes.rs" {
            found.push(path);
        }
    }
}

/// What runs in production, and what tests it. Comments count as neither.
fn code_and_tests() -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["crates", "services", "tests"] {
        sources(&root.join(folder), &mut files);
    }
    let (mut code, mut tests) = (String::new(), String::new());
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let text = lines.join("\n");
        let is_test = file.iter().any(|part| part == "tests") || file.ends_with("tests.rs");
        let (production, test) = match text.split_once("#[cfg(test)]\nmod tests {") {
            _ if is_test => ("", text.as_str()),
            Some(parts) => parts,
            None => (text.as_str(), ""),
        };
        // What speaks for a client, or only to tests, answers nothing.
        let is_client = ["client", "testkit"].iter().any(|name| file.iter().any(|part| part == *name));
        if !is_client {
            code.push_str(production);
        }
        tests.push_str(test);
    }
    (code, tests)
}

/// Whether a path such as `ErrorCode::Timeout` stands in a text, and not only the beginning of a longer one.
fn names(text: &str, code: ErrorCode) -> bool {
    ["ErrorCode::", "E::", "Self::"].iter().any(|prefix| {
        let path = format!("{prefix}{}", code.variant());
        text.match_indices(&path).any(|(at, _)| {
            let next = text[at + path.len()..].chars().next();
            !next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    })
}

#[test]
fn every_code_is_answered_or_says_why_not() {
    let (code, _) = code_and_tests();
    let kept = |wanted: &ErrorCode| NEVER_ANSWERED.iter().any(|(code, _)| code == wanted);
    let idle: Vec<_> = ErrorCode::ALL.iter().filter(|c| !names(&code, **c) && !kept(c)).map(|c| c.as_str()).collect();
    assert!(idle.is_empty(), "nothing answers {idle:?}: use them, or say in NEVER_ANSWERED why not");
    let used: Vec<_> = NEVER_ANSWERED.iter().filter(|(c, _)| names(&code, *c)).map(|(c, _)| c.as_str()).collect();
    assert!(used.is_empty(), "{used:?} are answered: take them out of NEVER_ANSWERED");
}

#[test]
fn every_answered_code_has_a_test_that_names_it() {
    let (_, tests) = code_and_tests();
    let is_tested = |code: ErrorCode| tests.contains(&format!("\"{}\"", code.as_str())) || names(&tests, code);
    let kept = |wanted: &ErrorCode| NEVER_ANSWERED.iter().any(|(code, _)| code == wanted);
    let untested: Vec<_> = ErrorCode::ALL.iter().filter(|c| !kept(c) && !is_tested(**c)).map(|c| c.as_str()).collect();
    assert!(untested.is_empty(), "no test names {untested:?}");
}
