//! Request builders: what their options send, and how they page.

use serde_json::{Map, Value};

use super::{Client, Fault, query};
use crate::shapes::{self, Shape, at};

/// A page of rows.
pub type Page = Result<Vec<Value>, Fault>;

/// Names and values of a query.
pub type Options = Vec<(String, String)>;

/// Options from literals.
pub fn options(pairs: &[(&str, &str)]) -> Options {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `MessagesRequest`.
pub struct Messages<'a> {
    client: &'a Client,
    path: String,
    limit: usize,
    options: Options,
    /// Fields of the last page that the next call repeats.
    cursor: Options,
    ended: bool,
    /// Calls that were made.
    pub calls: usize,
}

impl<'a> Messages<'a> {
    /// Of `/users/{uid}/messages`, `/groups/{guid}/messages`, `/messages/{id}/thread` or `/messages`.
    pub fn new(client: &'a Client, path: &str, limit: usize, given: &[(&str, &str)]) -> Self {
        let options = options(given);
        Self { client, path: path.to_owned(), limit, options, cursor: Vec::new(), ended: false, calls: 0 }
    }

    /// `fetchPrevious`: older rows.
    pub async fn previous(&mut self) -> Page {
        self.fetch("prepend").await
    }

    /// `fetchNext`: newer rows. Without a place to begin at, clients refuse it.
    pub async fn next(&mut self) -> Page {
        let begins = ["id", "sentAt", "updatedAt", "pinned", "saved"];
        let has_begin = self.options.iter().chain(&self.cursor).any(|(name, _)| begins.contains(&name.as_str()));
        assert!(has_begin, "fetchNext needs a place to begin at");
        self.fetch("append").await
    }

    async fn fetch(&mut self, affix: &str) -> Page {
        if self.ended {
            return Ok(Vec::new());
        }
        self.calls += 1;
        let mut sent = self.options.clone();
        sent.retain(|(name, _)| self.cursor.iter().all(|(known, _)| known != name));
        sent.extend(self.cursor.iter().cloned());
        let limit = self.limit.to_string();
        let always = [("per_page", limit.as_str()), ("affix", affix), ("withThreadSubscribed", "true")];
        sent.extend(always.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let path = format!("{}?{}", self.path, query(&sent));
        let answer = self.client.call("GET", &path, None).await?;
        let hang = |what: String| Fault::Hang { call: format!("GET {path}"), what };
        let is_by_update = sent.iter().any(|(name, _)| name == "updatedAt");
        shapes::rows(&answer["data"], shapes::message).and(ascending(&answer["data"], is_by_update)).map_err(hang)?;
        let rows = answer["data"].as_array().cloned().unwrap_or_default();
        self.turn(affix, at(&answer, "meta.cursor"), &rows).map_err(hang)?;
        Ok(rows)
    }

    /// Takes from the page what the next call repeats: the cursor's keys, the row's values.
    fn turn(&mut self, affix: &str, cursor: &Value, rows: &[Value]) -> Shape {
        let empty = Map::new();
        let keys = match cursor {
            Value::Null => &empty,
            Value::Object(keys) => keys,
            _ => return Err("meta.cursor must be an object".to_owned()),
        };
        let row = if affix == "prepend" { rows.first() } else { rows.last() };
        let Some(row) = row.filter(|_| !keys.is_empty()) else {
            self.ended = true;
            return Ok(());
        };
        self.cursor.clear();
        for name in keys.keys() {
            let value = match &row[name] {
                Value::Null => return Err(format!("meta.cursor names {name}, which a row has not")),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            self.cursor.push((name.clone(), value));
        }
        Ok(())
    }

    /// All pages in one direction, each at most as long as asked; rows oldest first.
    pub async fn all(&mut self, affix: &str) -> Page {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..50 {
            let rows = self.fetch(affix).await?;
            assert!(rows.len() <= self.limit, "a page of {} where {} were asked", rows.len(), self.limit);
            if rows.is_empty() {
                return Ok(all);
            }
            match affix {
                "prepend" => all.splice(..0, rows).for_each(drop),
                _ => all.extend(rows),
            }
        }
        Err(Fault::Hang { call: self.path.clone(), what: "the walk has no end".to_owned() })
    }
}

/// Rows must come oldest first, in either direction.
fn ascending(rows: &Value, is_by_update: bool) -> Shape {
    let place = |row: &Value| {
        let id: u64 = row["id"].as_str().and_then(|id| id.parse().ok()).or(row["id"].as_u64()).unwrap_or_default();
        if is_by_update { row["updatedAt"].as_u64().unwrap_or_default() } else { id }
    };
    let places: Vec<u64> = rows.as_array().into_iter().flatten().map(place).collect();
    if places.is_sorted() { Ok(()) } else { Err(format!("rows are not oldest first: {places:?}")) }
}

/// A list that pages by number.
pub struct Numbered<'a> {
    client: &'a Client,
    path: String,
    limit: usize,
    options: Options,
    page: u64,
    pages: Option<u64>,
    shape: fn(&Value) -> Shape,
}

impl<'a> Numbered<'a> {
    pub fn new(client: &'a Client, path: &str, limit: usize, given: &[(&str, &str)]) -> Self {
        let shape = if path == "/conversations" {
            shapes::conversation
        } else if path == "/groups" {
            shapes::group
        } else {
            shapes::user
        };
        Self { client, path: path.to_owned(), limit, options: options(given), page: 0, pages: None, shape }
    }

    /// `setPage(n)`: the next call sends n + 1.
    pub fn set_page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// `fetchNext`.
    pub async fn next(&mut self) -> Page {
        if self.pages.is_some_and(|pages| self.page >= pages) {
            return Ok(Vec::new());
        }
        let mut sent = self.options.clone();
        sent.push(("per_page".to_owned(), self.limit.to_string()));
        sent.push(("page".to_owned(), (self.page + 1).to_string()));
        let path = format!("{}?{}", self.path, query(&sent));
        let answer = self.client.call("GET", &path, None).await?;
        let hang = |what: String| Fault::Hang { call: format!("GET {path}"), what };
        shapes::rows(&answer["data"], self.shape).map_err(hang)?;
        let pages = at(&answer, "meta.pagination.total_pages").as_u64();
        self.pages = Some(pages.ok_or_else(|| hang("meta.pagination.total_pages must be a number".to_owned()))?);
        self.page += 1;
        Ok(answer["data"].as_array().cloned().unwrap_or_default())
    }

    /// Every page.
    pub async fn all(&mut self) -> Page {
        let mut all = Vec::new();
        for _ in 0..50 {
            let rows = self.next().await?;
            assert!(rows.len() <= self.limit, "a page of {} where {} were asked", rows.len(), self.limit);
            if rows.is_empty() {
                return Ok(all);
            }
            all.extend(rows);
        }
        Err(Fault::Hang { call: self.path.clone(), what: "the walk has no end".to_owned() })
    }
}

/// The values of a key.
pub fn column(rows: &[Value], key: &str) -> Vec<String> {
    rows.iter().map(|row| at(row, key).as_str().map_or_else(|| at(row, key).to_string(), ToOwned::to_owned)).collect()
}
