//! Reading the receivers of a message that goes to several.

use std::collections::HashSet;

use halley_contracts::messaging::v1::{ReceiverType, SendMessageRequest};
use halley_model::{ErrorCode, Guid, Uid, limits};
use serde_json::{Map, Value};

use crate::send::{Parsed, fault};

const NAME: &str = "multipleReceivers";

/// One of several receivers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receiver {
    /// A user or a group.
    pub kind: ReceiverType,
    /// As it was given, in lower case.
    pub id: String,
}

impl Receiver {
    /// The content as a message to this receiver. An id that can't be is nobody's.
    pub fn address(&self, content: &SendMessageRequest) -> Parsed<SendMessageRequest> {
        match self.kind {
            ReceiverType::Group if Guid::parse(&self.id).is_err() => {
                fault(ErrorCode::GuidNotFound, NAME, "holds what is no group's guid")
            }
            ReceiverType::User if Uid::parse(&self.id).is_err() => {
                fault(ErrorCode::UidNotFound, NAME, "holds what is no user's uid")
            }
            _ => {
                Ok(SendMessageRequest { receiver_type: self.kind.into(), receiver: self.id.clone(), ..content.clone() })
            }
        }
    }
}

/// Reads `multipleReceivers: {uids, guids}`, each receiver once. `None`: there is none, the message has one receiver.
pub fn parse_receivers(body: &Map<String, Value>) -> Parsed<Option<Vec<Receiver>>> {
    let given = match body.get(NAME) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) => map,
        Some(_) => return fault(ErrorCode::BadRequest, NAME, "must be an object"),
    };
    if body.get("receiver").is_some_and(|receiver| !receiver.is_null() && receiver.as_str() != Some("")) {
        return fault(ErrorCode::BadRequest, "receiver", "can't stand beside multipleReceivers: name it there");
    }
    let mut receivers = Vec::new();
    let mut known = HashSet::new();
    for (key, kind) in [("uids", ReceiverType::User), ("guids", ReceiverType::Group)] {
        let list = match given.get(key) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list,
            Some(_) => return fault(ErrorCode::BadRequest, &format!("{NAME}.{key}"), "must be a list of strings"),
        };
        for id in list {
            let Some(id) = id.as_str() else {
                return fault(ErrorCode::BadRequest, &format!("{NAME}.{key}"), "must be a list of strings");
            };
            let receiver = Receiver { kind, id: id.to_lowercase() };
            if known.insert(receiver.clone()) {
                receivers.push(receiver);
            }
            if receivers.len() > limits::RECEIVERS_MAX {
                let problem = format!("must not have more than {} entries", limits::RECEIVERS_MAX);
                return fault(ErrorCode::BadRequest, NAME, &problem);
            }
        }
    }
    match receivers.is_empty() {
        true => fault(ErrorCode::EmptyReceiver, NAME, "must name a receiver"),
        false => Ok(Some(receivers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Parsed<Option<Vec<Receiver>>> {
        parse_receivers(body.as_object().expect("object"))
    }

    #[test]
    fn each_receiver_is_named_once() {
        let found =
            read(json!({"multipleReceivers": {"uids": ["Ann", "ann", "bob"], "guids": ["ann"]}, "receiver": ""}));
        let found = found.expect("valid").expect("several");
        let of = |kind: ReceiverType, id: &str| Receiver { kind, id: id.to_owned() };
        let (user, group) = (ReceiverType::User, ReceiverType::Group);
        assert_eq!(found, [of(user, "ann"), of(user, "bob"), of(group, "ann")]);
        assert_eq!(read(json!({"receiver": "ann"})).expect("valid"), None);
    }

    #[test]
    fn what_can_not_be_read_is_refused_and_named() {
        let many: Vec<String> = (0..26).map(|n| format!("u{n}")).collect();
        let cases = [
            (json!({"multipleReceivers": []}), ErrorCode::BadRequest, "multipleReceivers"),
            (json!({"multipleReceivers": {}}), ErrorCode::EmptyReceiver, "multipleReceivers"),
            (json!({"multipleReceivers": {"uids": "ann"}}), ErrorCode::BadRequest, "multipleReceivers.uids"),
            (json!({"multipleReceivers": {"guids": [1]}}), ErrorCode::BadRequest, "multipleReceivers.guids"),
            (json!({"multipleReceivers": {"uids": many}}), ErrorCode::BadRequest, "multipleReceivers"),
            (json!({"multipleReceivers": {"uids": ["a"]}, "receiver": "b"}), ErrorCode::BadRequest, "receiver"),
        ];
        for (body, code, field) in cases {
            let error = read(body).expect_err("refused");
            assert_eq!((error.code, error.field.as_deref()), (code, Some(field)));
        }
    }

    #[test]
    fn an_id_that_can_not_be_is_nobodys() {
        let content = SendMessageRequest::default();
        let address = |kind, id: &str| Receiver { kind, id: id.to_owned() }.address(&content);
        assert_eq!(address(ReceiverType::User, "a b").expect_err("refused").code, ErrorCode::UidNotFound);
        assert_eq!(address(ReceiverType::Group, "").expect_err("refused").code, ErrorCode::GuidNotFound);
        assert_eq!(address(ReceiverType::Group, "room").expect("valid").receiver, "room");
    }
}
