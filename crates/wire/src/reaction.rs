//! Reactions to messages.

use halley_contracts::{identity::v1::User, messaging::v1::Reaction};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use crate::{
    user::UserJson,
    view::{Seconds, View},
};

/// One user's reaction.
pub struct ReactionJson<'a> {
    /// Which.
    pub reaction: &'a Reaction,
    /// Through whose eyes.
    pub view: View<'a>,
    /// More keys, of frames that say what became of it and where.
    pub more: &'a [(&'a str, Value)],
}

impl Serialize for ReactionJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reaction = self.reaction;
        let unknown = User { uid: reaction.uid.clone(), ..Default::default() };
        let user = reaction.user.as_ref().unwrap_or(&unknown);
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.more {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("id", &reaction.id.to_string())?;
        map.serialize_entry("messageId", &reaction.message_id.to_string())?;
        map.serialize_entry("reaction", &reaction.reaction)?;
        map.serialize_entry("uid", &reaction.uid)?;
        map.serialize_entry("reactedAt", &Seconds(reaction.reacted_at_ms))?;
        map.serialize_entry("reactedBy", &UserJson::new(user, self.view))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reaction_has_the_documented_shape() {
        let user = Some(User { uid: "bob".into(), name: "Bob".into(), ..Default::default() });
        let reaction = Reaction {
            id: 9,
            message_id: 401,
            reaction: "👍".into(),
            uid: "bob".into(),
            reacted_at_ms: 1_700_000_150_000,
            user,
        };
        let json = ReactionJson { reaction: &reaction, view: View::default(), more: &[("action", "a".into())] };
        assert_eq!(
            serde_json::to_value(json).expect("json"),
            json!({"action": "a", "id": "9", "messageId": "401", "reaction": "👍", "uid": "bob", "reactedAt": 1_700_000_150,
                "reactedBy": {"uid": "bob", "name": "Bob", "role": "default", "status": "offline"}})
        );
    }
}
