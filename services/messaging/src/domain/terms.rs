//! What a message can be found by, and what a search asks for: lexemes of one index.
//!
//! A lexeme is the app's mark and a word, or the app's mark, a sign that no word begins with, and what else is asked for.
//! Words are runs of letters and digits in lower case. Scripts without breaks between words give each pair of neighbouring
//! signs and the last sign of a run. A search asks for words that begin with its own.

use std::collections::BTreeSet;

use halley_contracts::messaging::v1::MessageCategory;
use sha2::{Digest as _, Sha256};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::content::Content;

/// Lexemes of one message: a larger one is found by its beginning.
const TERMS_MAX: usize = 2000;
/// Letters of a word that count.
const WORD_MAX: usize = 40;

const CONVERSATION: char = '=';
const MENTION: char = '@';
const FILE: char = '#';
const LINK: char = '/';
const STRETCH: char = '%';

/// What is asked of the index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Words, all of which are wanted.
    pub search_key: String,
    /// With a link in the text.
    pub links: bool,
    /// With any file.
    pub files: bool,
    /// With a file of one of these kinds; empty: whichever.
    pub file_kinds: Vec<String>,
    /// Mentioning anybody.
    pub mentions: bool,
    /// Mentioning one of these users; empty: whomever.
    pub mentioned: Vec<String>,
    /// Mentioning this user.
    pub mentioned_me: Option<String>,
}

/// A part of a query: which lexemes will do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Want {
    Exactly(String),
    Beginning(String),
}

/// The lexemes of a message as the text of a `tsvector`, to whose end the database's `message_terms` puts the stretch of
/// ids that the message lies in. `None`: it can't be found by any.
pub(crate) fn of(
    app_id: &str,
    conversation_id: i64,
    (category, kind, data_json): (MessageCategory, &str, &str),
) -> Option<String> {
    let content = Content::read(category, kind, data_json);
    let mut terms = BTreeSet::new();
    for uid in content.mentions() {
        terms.insert(format!("{MENTION}{uid}"));
    }
    for file in &content.files {
        terms.insert(format!("{FILE}{}", file.kind));
        if let Some(name) = file.stored_name(app_id) {
            terms.insert(format!("{FILE}{name}"));
        }
    }
    if has_link(&content.text) {
        terms.insert(LINK.to_string());
    }
    let named = content.files.iter().flat_map(|file| [file.name.as_str(), file.mime_type.as_str()]);
    for text in std::iter::once(content.text.as_str()).chain(named) {
        split(text, |run| {
            if terms.len() < TERMS_MAX {
                run.terms(&mut terms);
            }
        });
    }
    if terms.is_empty() {
        return None;
    }
    terms.insert(format!("{CONVERSATION}{conversation_id}"));
    let mark = mark(app_id);
    let quoted: Vec<String> = terms.iter().map(|term| quote(&mark, term)).collect();
    Some(format!("{} {mark}{STRETCH}", quoted.join(" ")))
}

/// A query as the text of a `tsquery`. `None`: nothing is asked for. A key without any word is a query that finds nothing.
pub(crate) fn query(app_id: &str, asked: &Asked) -> Option<Query> {
    let mark = mark(app_id);
    let mut all: Vec<Vec<Want>> = Vec::new();
    let exactly = |sign: char, value: &String| Want::Exactly(format!("{sign}{value}"));
    if !asked.search_key.is_empty() {
        let mut wants = Vec::new();
        split(&asked.search_key, |run| wants.extend(run.wants()));
        if wants.is_empty() {
            return Some(Query { text: None, mark });
        }
        all.extend(wants.into_iter().map(|want| vec![want]));
    }
    if asked.links {
        all.push(vec![Want::Exactly(LINK.to_string())]);
    }
    if asked.files {
        all.push(vec![Want::Beginning(FILE.to_string())]);
    }
    if asked.mentions {
        all.push(vec![Want::Beginning(MENTION.to_string())]);
    }
    for (sign, values) in [(FILE, &asked.file_kinds), (MENTION, &asked.mentioned)] {
        if !values.is_empty() {
            all.push(values.iter().map(|value| exactly(sign, value)).collect());
        }
    }
    if let Some(uid) = &asked.mentioned_me {
        all.push(vec![exactly(MENTION, uid)]);
    }
    let clauses: Vec<String> = all.iter().map(|any| clause(&mark, any)).collect();
    (!clauses.is_empty()).then(|| Query { text: Some(clauses.join(" & ")), mark })
}

/// The messages that mention a user, as the text of a `tsquery`.
pub(crate) fn mentioning(app_id: &str, uid: &str) -> String {
    quote(&mark(app_id), &format!("{MENTION}{uid}"))
}

/// The messages that carry a stored file, as the text of a `tsquery`.
pub(crate) fn carrying(app_id: &str, name: &str) -> String {
    quote(&mark(app_id), &format!("{FILE}{name}"))
}

/// What a search asks the index for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// `None`: what no message has.
    text: Option<String>,
    mark: String,
}

impl Query {
    /// Whether no message can match.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_none()
    }

    /// As the text of a `tsquery`; the empty one matches nothing.
    pub(crate) fn tsquery(&self) -> String {
        self.text.clone().unwrap_or_default()
    }

    /// The same in these conversations and in these stretches of ids; none means all.
    pub(crate) fn within(&self, conversation_ids: &[i64], stretches: &[i64]) -> String {
        let mut text = self.tsquery();
        for (sign, values) in [(CONVERSATION, conversation_ids), (STRETCH, stretches)] {
            if !values.is_empty() {
                let any: Vec<Want> = values.iter().map(|value| Want::Exactly(format!("{sign}{value}"))).collect();
                text = format!("{text} & {}", clause(&self.mark, &any));
            }
        }
        text
    }
}

fn clause(mark: &str, any: &[Want]) -> String {
    let words: Vec<String> = any
        .iter()
        .map(|want| match want {
            Want::Exactly(term) => quote(mark, term),
            Want::Beginning(term) => format!("{}:*", quote(mark, term)),
        })
        .collect();
    if words.len() == 1 { words.concat() } else { format!("({})", words.join(" | ")) }
}

/// 20 bits of a hash, in four letters. Apps that share them are told apart by the row.
fn mark(app_id: &str) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let hash = Sha256::digest(app_id.as_bytes());
    hash.iter().take(4).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

fn quote(mark: &str, term: &str) -> String {
    let mut quoted = String::with_capacity(mark.len() + term.len() + 2);
    quoted.push('\'');
    quoted.push_str(mark);
    for letter in term.chars() {
        if matches!(letter, '\'' | '\\') {
            quoted.push(letter);
        }
        quoted.push(letter);
    }
    quoted.push('\'');
    quoted
}

fn has_link(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let begins = |at: usize| text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    let follows = |end: usize| text[end..].chars().next().is_some_and(char::is_alphanumeric);
    ["http://", "https://", "www."]
        .iter()
        .any(|start| text.match_indices(start).any(|(at, found)| begins(at) && follows(at + found.len())))
}

/// A run of signs that belong together.
enum Run {
    Word(String),
    /// Of a script without breaks between words.
    Unbroken(Vec<char>),
    Pictograph(char),
}

impl Run {
    /// What a text that holds it is found by.
    fn terms(self, terms: &mut BTreeSet<String>) {
        match self {
            Self::Word(word) => {
                terms.insert(word);
            }
            Self::Unbroken(signs) => {
                for at in 0..signs.len() {
                    terms.insert(signs.iter().skip(at).take(2).collect());
                }
            }
            Self::Pictograph(sign) => {
                terms.insert(sign.to_string());
            }
        }
    }

    /// What a key that holds it asks for.
    fn wants(self) -> Vec<Want> {
        match self {
            Self::Word(word) if word.chars().nth(1).is_none() => vec![Want::Exactly(word)],
            Self::Word(word) => vec![Want::Beginning(word)],
            Self::Unbroken(signs) if signs.len() == 1 => vec![Want::Beginning(signs.iter().collect())],
            Self::Unbroken(signs) => signs.windows(2).map(|pair| Want::Exactly(pair.iter().collect())).collect(),
            Self::Pictograph(sign) => vec![Want::Exactly(sign.to_string())],
        }
    }
}

/// Takes a text apart. Signs that look alike are made the same.
fn split(text: &str, mut take: impl FnMut(Run)) {
    let mut word = String::new();
    let mut letters = 0;
    let mut unbroken: Vec<char> = Vec::new();
    let signs = text.nfkc().flat_map(char::to_lowercase);
    for sign in signs.chain(std::iter::once(' ')) {
        let in_run = !word.is_empty() || !unbroken.is_empty();
        let belongs = sign.is_alphanumeric() || (in_run && is_combining_mark(sign));
        let is_unbroken = belongs && is_unbroken(sign);
        if !is_unbroken && !unbroken.is_empty() {
            take(Run::Unbroken(std::mem::take(&mut unbroken)));
        }
        if (!belongs || is_unbroken) && !word.is_empty() {
            take(Run::Word(std::mem::take(&mut word)));
            letters = 0;
        }
        if is_unbroken {
            unbroken.push(sign);
        } else if belongs {
            if letters < WORD_MAX {
                word.push(sign);
            }
            letters += 1;
        } else if is_pictograph(sign) {
            take(Run::Pictograph(sign));
        }
    }
}

/// Han, kana, Thai, Lao, Myanmar, Khmer: written without breaks between words.
fn is_unbroken(sign: char) -> bool {
    matches!(sign,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Without the tones of skins: the same pictograph has many.
fn is_pictograph(sign: char) -> bool {
    matches!(sign, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut terms = BTreeSet::new();
        split(text, |run| run.terms(&mut terms));
        terms.into_iter().collect()
    }

    /// The words of a stored message without the app's mark.
    fn stored(kind: &str, data_json: &str) -> String {
        let all = of("app", 7, (MessageCategory::Message, kind, data_json)).unwrap_or_default();
        all.replace(&mark("app"), "").replace('\'', "")
    }

    fn asked(asked: &Asked) -> String {
        query("app", asked).map(|query| query.tsquery().replace(&mark("app"), "")).unwrap_or_default()
    }

    fn key(text: &str) -> String {
        asked(&Asked { search_key: text.to_owned(), ..Default::default() })
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case() {
        assert_eq!(terms("Don't PANIC_now: 42!"), ["42", "don", "now", "panic", "t"]);
        assert_eq!(terms("\u{ff21}\u{ff22} Cafe\u{301} STRASSE"), ["ab", "café", "strasse"]);
        assert_eq!(terms(&"x".repeat(100)), ["x".repeat(WORD_MAX)]);
        assert!(terms(" .,;-_'\"\\ ").is_empty());
    }

    #[test]
    fn scripts_without_breaks_give_pairs() {
        assert_eq!(terms("在家abc"), ["abc", "在家", "家"]);
        assert_eq!(terms("カメラ"), ["カメ", "メラ", "ラ"]);
        assert_eq!(terms("한국어 사전"), ["사전", "한국어"]);
        assert_eq!(terms("ok👍🏽!"), ["ok", "👍"]);
    }

    #[test]
    fn a_key_asks_for_words_that_begin_so() {
        assert_eq!(key("Hel wor"), "'hel':* & 'wor':*");
        assert_eq!(key("a b2"), "'a' & 'b2':*");
        assert_eq!(key("在家里"), "'在家' & '家里'");
        assert_eq!(key("在"), "'在':*");
        let nothing = query("app", &Asked { search_key: "?!".to_owned(), links: true, ..Default::default() });
        assert!(nothing.is_some_and(|query| query.is_empty()));
        assert_eq!(query("app", &Asked::default()), None);
    }

    #[test]
    fn everything_else_that_is_asked_for_is_a_lexeme_too() {
        let all = Asked {
            links: true,
            files: true,
            file_kinds: vec!["image".to_owned(), "file".to_owned()],
            mentions: true,
            mentioned: vec!["bob".to_owned()],
            mentioned_me: Some("ann".to_owned()),
            ..Default::default()
        };
        assert_eq!(asked(&all), "'/' & '#':* & '@':* & ('#image' | '#file') & '@bob' & '@ann'");
        let some = query("app", &Asked { links: true, ..Default::default() }).expect("a query");
        assert_eq!(some.within(&[1, 2], &[7]).replace(&mark("app"), ""), "'/' & ('=1' | '=2') & '%7'");
        assert_eq!(some.within(&[], &[]), some.tsquery());
    }

    #[test]
    fn a_message_is_found_by_its_text_its_files_and_whom_it_mentions() {
        let image =
            r#"{"text":"see https://x.y <@uid:Bob>","attachments":[{"name":"Cat 1.PNG","mimeType":"image/png"}]}"#;
        assert_eq!(stored("image", image), "#image / 1 =7 @bob bob cat https image png see uid x y %");
        assert_eq!(stored("text", "{}"), "");
        assert_eq!(stored("text", r#"{"text":"..."}"#), "");
    }

    #[test]
    fn links_are_seen() {
        for text in ["http://a", "see (https://a.b/c)", "WWW.example.org", "x http:// http://y"] {
            assert!(has_link(text), "{text}");
        }
        for text in ["http", "https://", "awww.so nice", "www. no", "a.b"] {
            assert!(!has_link(text), "{text}");
        }
    }

    #[test]
    fn a_lexeme_is_quoted() {
        assert_eq!(quote("m", r"a'b\c"), r"'ma''b\\c'");
        assert_eq!(mark("app").len(), 4);
        assert_ne!(mark("app"), mark("other"));
    }

    #[test]
    fn a_large_message_is_found_by_its_beginning() {
        let text: String = (0..5000).map(|n| format!("w{n} ")).collect();
        let data = serde_json::json!({ "text": text }).to_string();
        assert!(stored("text", &data).split(' ').count() <= TERMS_MAX + 4);
        assert!(stored("text", &data).contains(" w1000 "));
    }
}
