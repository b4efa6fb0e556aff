//! Who has to do with a thread.

use halley_contracts::messaging::v1::Message;

use super::content::mentions_of;
use crate::store::threads::Member;

/// Whom a reply concerns: its sender and those whom it mentions.
pub(crate) fn members(app_id: &str, reply: &Message) -> Vec<Member> {
    let member =
        |uid: String, replied: bool| Member { app_id: app_id.to_owned(), parent_id: reply.parent_id, uid, replied };
    let mentioned = mentions_of(reply.category(), &reply.r#type, &reply.data_json);
    let mentioned = mentioned.into_iter().map(|uid| member(uid, false));
    std::iter::once(member(reply.sender_uid.clone(), true)).chain(mentioned).collect()
}

#[cfg(test)]
mod tests {
    use halley_contracts::messaging::v1::MessageCategory;

    use super::*;

    #[test]
    fn a_reply_concerns_who_wrote_it_and_whom_it_mentions() {
        let reply = Message {
            parent_id: 7,
            sender_uid: "ann".to_owned(),
            category: MessageCategory::Message.into(),
            r#type: "text".to_owned(),
            data_json: r#"{"text":"<@uid:Bob> and <@uid:cat>, <@uid:bob>"}"#.to_owned(),
            ..Default::default()
        };
        let found: Vec<_> = members("app", &reply).into_iter().map(|member| (member.uid, member.replied)).collect();
        assert_eq!(found, [("ann".to_owned(), true), ("bob".to_owned(), false), ("cat".to_owned(), false)]);
    }
}
