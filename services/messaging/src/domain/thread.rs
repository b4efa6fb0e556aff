//! Who has to do with a thread.

use std::collections::BTreeSet;

use halley_contracts::messaging::v1::Message;
use halley_model::Uid;
use serde::Deserialize;

use crate::store::threads::Member;

/// Users whom one message mentions at most.
const MENTIONS_MAX: usize = 10;

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    text: Option<serde_json::Value>,
}

/// Whom a reply concerns: its sender and those whom it mentions.
pub(crate) fn members(app_id: &str, reply: &Message) -> Vec<Member> {
    let member =
        |uid: String, replied: bool| Member { app_id: app_id.to_owned(), parent_id: reply.parent_id, uid, replied };
    let mentioned = mentioned(&reply.data_json).into_iter().map(|uid| member(uid, false));
    std::iter::once(member(reply.sender_uid.clone(), true)).chain(mentioned).collect()
}

/// The uids of the tokens `<@uid:…>` in a message's text.
fn mentioned(data_json: &str) -> BTreeSet<String> {
    const BEGIN: &str = "<@uid:";
    // Most texts mention nobody, and need not be read for it.
    if !data_json.contains("@uid:") {
        return BTreeSet::new();
    }
    let text = serde_json::from_str::<Data>(data_json).ok().and_then(|data| data.text);
    let Some(serde_json::Value::String(text)) = text else { return BTreeSet::new() };
    let tokens = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once('>'));
    let uids = tokens.filter_map(|(uid, _)| Uid::parse(uid).ok().map(Uid::into_string));
    let mut found = BTreeSet::new();
    for uid in uids {
        if found.len() < MENTIONS_MAX {
            found.insert(uid);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_concerns_who_wrote_it_and_whom_it_mentions() {
        let reply = Message {
            parent_id: 7,
            sender_uid: "ann".to_owned(),
            data_json: r#"{"text":"<@uid:Bob> and <@uid:cat>, <@uid:bob>"}"#.to_owned(),
            ..Default::default()
        };
        let found: Vec<_> = members("app", &reply).into_iter().map(|member| (member.uid, member.replied)).collect();
        assert_eq!(found, [("ann".to_owned(), true), ("bob".to_owned(), false), ("cat".to_owned(), false)]);
    }

    #[test]
    fn what_is_no_token_mentions_nobody() {
        for data in
            [r#"{"text":"@uid:bob"}"#, r#"{"text":"<@uid:b ob>"}"#, r#"{"text":"<@uid:bob"}"#, r#"{"text":5}"#, "x"]
        {
            assert!(mentioned(data).is_empty(), "{data}");
        }
        let many: String = (0..20).map(|n| format!("<@uid:u{n}>")).collect();
        assert_eq!(mentioned(&serde_json::json!({ "text": many }).to_string()).len(), MENTIONS_MAX);
    }
}
