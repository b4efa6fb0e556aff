//! A message with its receipts.

use halley_contracts::messaging::v1::MessageReceipt;
use serde::Serialize;

use crate::{
    message::{MessageJson, Times},
    user::UserJson,
    view::View,
};

/// A message, and how far it got with those whom it was sent to.
#[derive(Serialize)]
pub struct MessageDetailsJson<'a> {
    #[serde(flatten)]
    message: MessageJson<'a>,
    #[serde(skip_serializing_if = "Receipts::is_empty")]
    receipts: Receipts<'a>,
}

impl<'a> MessageDetailsJson<'a> {
    /// A message through somebody's eyes.
    pub fn new(message: MessageJson<'a>, receipts: &'a [MessageReceipt]) -> Self {
        let view = View { uid: None, ..message.view };
        let receipt = |receipt: &'a MessageReceipt| {
            let times = Times::of(receipt.delivered_at_ms, receipt.read_at_ms);
            Some(ReceiptJson { recipient: UserJson::new(receipt.recipient.as_ref()?, view), times })
        };
        Self { message, receipts: Receipts { data: receipts.iter().filter_map(receipt).collect() } }
    }
}

/// Clients hang when it is a list itself.
#[derive(Serialize)]
struct Receipts<'a> {
    data: Vec<ReceiptJson<'a>>,
}

impl Receipts<'_> {
    fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

#[derive(Serialize)]
struct ReceiptJson<'a> {
    recipient: UserJson<'a>,
    #[serde(flatten)]
    times: Times,
}

#[cfg(test)]
mod tests {
    use super::*;
    use halley_contracts::{identity::v1::User, messaging::v1::Message};
    use serde_json::{Value, json};

    #[test]
    fn receipts_stand_in_an_object() {
        let message = Message { id: 4, ..Default::default() };
        let shown = |receipts: &[MessageReceipt]| -> Value {
            let message = MessageJson { message: &message, view: View::default() };
            serde_json::to_value(MessageDetailsJson::new(message, receipts)).expect("json")
        };
        assert!(shown(&[]).get("receipts").is_none());
        let recipient = Some(User { uid: "bob".into(), name: "Bob".into(), ..Default::default() });
        let whole = shown(&[MessageReceipt { recipient, delivered_at_ms: 5000, read_at_ms: 0 }]);
        let bob = json!({"uid": "bob", "name": "Bob", "role": "default", "status": "offline"});
        assert_eq!(whole["receipts"], json!({"data": [{"recipient": bob, "deliveredAt": 5}]}));
        assert_eq!(whole["id"], "4");
    }
}
