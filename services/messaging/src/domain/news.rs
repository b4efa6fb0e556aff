//! Which messages are news: those become a conversation's last message, and may raise the unread count.

use halley_contracts::messaging::v1::{Message, MessageCategory};
use halley_model::{AppSettings, Feature};

use super::counting::is_counted;

/// Whether a message becomes its conversation's last one, by what the app has set.
pub(crate) fn is_news(settings: &AppSettings, message: &Message) -> bool {
    if message.action_on_message.is_some() {
        return settings.is_on(Feature::UpdateOnMessageActions);
    }
    let by_category = match message.category() {
        MessageCategory::Action => settings.is_on(Feature::UpdateOnGroupActions),
        MessageCategory::Call => settings.is_on(Feature::UpdateOnCallActivity),
        MessageCategory::Custom | MessageCategory::Card => settings.is_on(Feature::UpdateOnCustomMessage),
        MessageCategory::Message | MessageCategory::Interactive | MessageCategory::Unspecified => true,
    };
    by_category && (message.parent_id == 0 || settings.is_on(Feature::UpdateOnReplies))
}

/// Whether a message raises the unread count: custom messages and cards only where they are news, too.
pub(crate) fn raises_unread(
    settings: &AppSettings,
    category: MessageCategory,
    parent_id: i64,
    data_json: &str,
) -> bool {
    let is_custom = matches!(category, MessageCategory::Custom | MessageCategory::Card);
    let is_muted = is_custom && !settings.is_on(Feature::UpdateOnCustomMessage);
    !is_muted && is_counted(category, parent_id, data_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(category: MessageCategory, parent_id: i64) -> Message {
        Message { category: category.into(), parent_id, ..Default::default() }
    }

    #[test]
    fn by_default_edits_and_calls_are_no_news() {
        let settings = AppSettings::default();
        let edit = Message { action_on_message: Some(Box::default()), ..message(MessageCategory::Action, 0) };
        assert!(!is_news(&settings, &edit));
        assert!(!is_news(&settings, &message(MessageCategory::Call, 0)));
        for category in [MessageCategory::Message, MessageCategory::Custom, MessageCategory::Action] {
            assert!(is_news(&settings, &message(category, 0)), "{category:?}");
        }
        assert!(is_news(&settings, &message(MessageCategory::Message, 7)));
    }

    #[test]
    fn each_kind_is_news_as_the_app_has_set() {
        let edit = Message { action_on_message: Some(Box::default()), ..message(MessageCategory::Action, 0) };
        let table = [
            (Feature::UpdateOnMessageActions, edit),
            (Feature::UpdateOnGroupActions, message(MessageCategory::Action, 0)),
            (Feature::UpdateOnCallActivity, message(MessageCategory::Call, 0)),
            (Feature::UpdateOnCustomMessage, message(MessageCategory::Custom, 0)),
            (Feature::UpdateOnCustomMessage, message(MessageCategory::Card, 0)),
            (Feature::UpdateOnReplies, message(MessageCategory::Message, 7)),
        ];
        for (feature, message) in table {
            for on in [true, false] {
                let settings = AppSettings::default().with_feature(feature, on);
                assert_eq!(is_news(&settings, &message), on, "{feature:?}");
            }
        }
    }

    #[test]
    fn a_muted_custom_message_raises_nothing() {
        let asking = r#"{"metadata":{"incrementUnreadCount":true}}"#;
        let muted = AppSettings::default().with_feature(Feature::UpdateOnCustomMessage, false);
        for category in [MessageCategory::Custom, MessageCategory::Card] {
            assert!(raises_unread(&AppSettings::default(), category, 0, asking));
            assert!(!raises_unread(&muted, category, 0, asking));
        }
        assert!(raises_unread(&muted, MessageCategory::Message, 0, "{}"));
    }
}
