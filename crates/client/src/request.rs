//! Lists that are read page by page.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::models::{number, positive, text};
use crate::{ApiClient, ClientError};

/// Rows of a page where none are named.
const LIMIT: u32 = 30;

/// A kind of list; see [`Request`].
pub trait List: Send + 'static {
    /// What a row is.
    type Row: DeserializeOwned + Send + 'static;
}

/// A list of the server and which part of it is wanted: filters first, then page by page with [`Request::next_page`], or all
/// of it as a stream of pages or of rows.
///
/// Lists whose pages have numbers may show a row twice or not at all when they change meanwhile. Those of conversations,
/// messages and reactions have cursors: what does not move is seen once.
pub struct Request<L: List> {
    api: ApiClient,
    path: String,
    query: Query,
    limit: u32,
    walk: Walk,
    list: PhantomData<fn() -> L>,
}

pub(crate) type Query = BTreeMap<&'static str, String>;

/// How one gets from a page to the next.
pub(crate) enum Walk {
    /// Pages have numbers.
    Numbered { next: u64, has_next: bool },
    /// A page's `meta` names the place of the next one.
    Cursor { following: Option<Query>, cursor: fn(&Value) -> Option<Query> },
    /// The list grows at both ends, as one of messages does.
    Ends { oldest: Option<u64>, newest: Option<u64>, has_older: bool, has_newer: bool, is_forward: bool },
}

impl Walk {
    pub fn numbered() -> Self {
        Self::Numbered { next: 1, has_next: true }
    }

    pub fn cursor(cursor: fn(&Value) -> Option<Query>) -> Self {
        Self::Cursor { following: Some(Query::new()), cursor }
    }

    pub fn ends() -> Self {
        Self::Ends { oldest: None, newest: None, has_older: true, has_newer: false, is_forward: false }
    }

    /// Where the next page begins, or the one before of messages; `None` at the end.
    fn place(&self, turn: Turn) -> Option<Query> {
        match self {
            Self::Numbered { next, has_next } => has_next.then(|| Query::from([("page", next.to_string())])),
            Self::Cursor { following, .. } => following.clone(),
            Self::Ends { oldest, newest, has_older, .. } => {
                let (affix, id) = match turn {
                    Turn::Next => ("append", newest),
                    Turn::Previous => ("prepend", oldest),
                };
                if turn == Turn::Previous && !has_older {
                    return None;
                }
                let mut place = Query::from([("affix", affix.to_owned())]);
                place.extend(id.map(|id| ("id", id.to_string())));
                Some(place)
            }
        }
    }

    fn moved(&mut self, turn: Turn, rows: &[Value], meta: &Value, limit: u32) {
        match self {
            Self::Numbered { next, has_next } => {
                // A server that names no total has given all.
                *has_next = number(&meta["pagination"]["total_pages"]).is_some_and(|total| total > *next as i64);
                *next += 1;
            }
            Self::Cursor { following, cursor } => {
                *following = if rows.is_empty() { None } else { cursor(meta) };
            }
            Self::Ends { oldest, newest, has_older, has_newer, .. } => {
                let id = |row: Option<&Value>| row.and_then(|row| positive(&row["id"]));
                match turn {
                    Turn::Next => *has_newer = rows.len() >= limit as usize,
                    // Behind an empty page lies the same one.
                    Turn::Previous => *has_older = !rows.is_empty() && !meta["cursor"].is_null(),
                }
                if rows.is_empty() {
                    return;
                }
                if turn == Turn::Previous || oldest.is_none() {
                    *oldest = id(rows.first());
                }
                if turn == Turn::Next || newest.is_none() {
                    *newest = id(rows.last());
                }
            }
        }
    }

    fn has(&self, turn: Turn) -> bool {
        match self {
            Self::Numbered { has_next, .. } => *has_next,
            Self::Cursor { following, .. } => following.is_some(),
            Self::Ends { has_older, has_newer, .. } => match turn {
                Turn::Next => *has_newer,
                Turn::Previous => *has_older,
            },
        }
    }

    /// Which way a walk through everything goes.
    fn turn(&self) -> Turn {
        match self {
            Self::Ends { is_forward: false, .. } => Turn::Previous,
            _ => Turn::Next,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Next,
    Previous,
}

impl<L: List> Request<L> {
    pub(crate) fn new(api: &ApiClient, path: impl Into<String>, walk: Walk) -> Self {
        Self { api: api.clone(), path: path.into(), query: Query::new(), limit: LIMIT, walk, list: PhantomData }
    }

    /// Rows of a page, at most 100 in most lists; 30 without it.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }

    pub(crate) fn set(mut self, key: &'static str, value: String) -> Self {
        if value.is_empty() {
            self.query.remove(key);
        } else {
            self.query.insert(key, value);
        }
        self
    }

    /// The next page; empty at the end. Of messages: newer ones.
    ///
    /// After a failure the same page is asked for again.
    pub async fn next_page(&mut self) -> Result<Vec<L::Row>, ClientError> {
        self.page(Turn::Next).await
    }

    /// Whether another page is known to be there; true before the first one. Of messages: whether there may be newer ones.
    pub fn has_next(&self) -> bool {
        self.walk.has(Turn::Next)
    }

    async fn page(&mut self, turn: Turn) -> Result<Vec<L::Row>, ClientError> {
        let Some(place) = self.walk.place(turn) else { return Ok(Vec::new()) };
        let limit = self.limit.to_string();
        // Which of the two a list reads depends on how its pages are found.
        let size = if matches!(self.walk, Walk::Numbered { .. }) { "per_page" } else { "limit" };
        let query: Vec<(&str, &str)> = [(size, limit.as_str())]
            .into_iter()
            .chain(self.query.iter().chain(&place).map(|(key, value)| (*key, value.as_str())))
            .collect();
        let mut answer = self.api.read(&self.path, &query).await?;
        let Value::Array(rows) = answer["data"].take() else {
            return Err(ClientError::Shape(format!("{} answers no list", self.path)));
        };
        let shape = |error: serde_json::Error| ClientError::Shape(format!("{}: {error}", self.path));
        let read = |row| L::Row::deserialize(row).map_err(shape);
        let page = rows.iter().map(read).collect::<Result<Vec<L::Row>, _>>()?;
        // Not before: a page that can't be read is asked for again.
        self.walk.moved(turn, &rows, &answer["meta"], self.limit);
        Ok(page)
    }

    /// All pages, none of them empty. Of messages: towards the oldest, or the newest behind `after`; rows of a page
    /// stand oldest first.
    pub fn pages(self) -> BoxStream<'static, Result<Vec<L::Row>, ClientError>> {
        let turn = self.walk.turn();
        let next = move |mut request: Self| async move {
            while request.walk.has(turn) {
                let page = request.page(turn).await?;
                if !page.is_empty() {
                    return Ok(Some((page, request)));
                }
            }
            Ok::<_, ClientError>(None)
        };
        stream::try_unfold(self, next).boxed()
    }

    /// All rows. Of messages: the newest first, or behind `after` the oldest first.
    pub fn items(self) -> BoxStream<'static, Result<L::Row, ClientError>> {
        let is_reversed = self.walk.turn() == Turn::Previous;
        let rows = move |mut page: Vec<L::Row>| {
            if is_reversed {
                page.reverse();
            }
            stream::iter(page.into_iter().map(Ok::<_, ClientError>))
        };
        self.pages().map_ok(rows).try_flatten().boxed()
    }
}

impl Request<crate::MessagesList> {
    /// Messages that are older than this id.
    pub fn before(mut self, id: u64) -> Self {
        self.walk =
            Walk::Ends { oldest: Some(id), newest: Some(id), has_older: true, has_newer: true, is_forward: false };
        self
    }

    /// Messages that are newer than this id: streams go forwards.
    pub fn after(mut self, id: u64) -> Self {
        self.walk =
            Walk::Ends { oldest: Some(id), newest: Some(id), has_older: true, has_newer: true, is_forward: true };
        self
    }

    /// The page before the first one: older messages, oldest first; the newest, if it is the first call. Empty at the
    /// beginning.
    pub async fn previous_page(&mut self) -> Result<Vec<crate::Message>, ClientError> {
        self.page(Turn::Previous).await
    }

    /// Whether there are older ones; true before the first page.
    pub fn has_previous(&self) -> bool {
        self.walk.has(Turn::Previous)
    }
}

/// A cursor that stands in `meta.cursor`.
pub(crate) fn plain_cursor(meta: &Value) -> Option<Query> {
    text(&meta["cursor"]["cursor"]).map(|cursor| Query::from([("cursor", cursor)]))
}

/// A cursor that is in `meta.next`, an id and on which side of it to go on.
pub(crate) fn next_cursor(meta: &Value) -> Option<Query> {
    let (affix, id) = (text(&meta["next"]["affix"])?, text(&meta["next"]["id"])?);
    Some(Query::from([("affix", affix), ("id", id)]))
}

/// Declares filters: each a method of a request and a key of its query.
macro_rules! filters {
    ($list:ty { $($(#[$doc:meta])* $name:ident: $kind:ident => $key:literal,)* }) => {
        impl crate::Request<$list> {
            $($(#[$doc])* pub fn $name(self, value: filters!(@type $kind)) -> Self {
                self.set($key, filters!(@write $kind value))
            })*
        }
    };
    (@type text) => { &str };
    (@type flag) => { bool };
    (@type list) => { &[&str] };
    (@type number) => { u64 };
    (@type online) => { bool };
    (@write text $value:ident) => { $value.to_owned() };
    (@write flag $value:ident) => { if $value { "1".to_owned() } else { String::new() } };
    (@write list $value:ident) => { $value.join(",") };
    (@write number $value:ident) => { $value.to_string() };
    (@write online $value:ident) => { if $value { "available".to_owned() } else { "offline".to_owned() } };
}
pub(crate) use filters;
