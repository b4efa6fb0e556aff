//! Users as they are shown: with their status, and with what the viewer is to them.

use std::collections::{HashMap, HashSet};

use halley_contracts::{
    common::v1::PageRequest,
    identity::v1::{BatchGetUsersRequest, BlockDirection, ListBlockedUsersRequest, User},
    realtime::v1::GetPresenceRequest,
};
use halley_model::limits;
use halley_wire::{BlockState, UserJson, View};
use serde_json::Value;

use crate::{
    caller::Context,
    reply::{ApiError, value},
};

/// Pages of blocks that are read for one list of conversations.
const BLOCK_PAGES_MAX: i32 = 10;

impl Context {
    /// Through whose eyes this caller sees.
    pub fn view<'a>(&'a self, online: Option<&'a HashSet<String>>) -> View<'a> {
        View { app_side: !self.caller.is_logged_in_user(), uid: self.caller.acting_uid(), online, ..View::default() }
    }

    /// Which of these users are online. When that can't be asked, nobody is: it is no reason to refuse a list.
    pub async fn online(&self, uids: impl Iterator<Item = &str>) -> HashSet<String> {
        let uids: Vec<String> = uids.map(ToOwned::to_owned).collect();
        if uids.is_empty() {
            return HashSet::new();
        }
        match self.realtime().get_presence(self.request(GetPresenceRequest { uids })).await {
            Ok(answer) => answer.into_inner().online_uids.into_iter().collect(),
            Err(status) => {
                tracing::warn!(%status, "presence is not known");
                HashSet::new()
            }
        }
    }

    /// One user, shown.
    pub async fn show_user(&self, user: &User) -> Value {
        let online = self.online(std::iter::once(user.uid.as_str())).await;
        value(UserJson::new(user, View { with_tags: true, ..self.view(Some(&online)) }))
    }

    /// Users by uid, unknown ones left out.
    pub async fn users(&self, uids: Vec<String>) -> Result<HashMap<String, User>, ApiError> {
        if uids.is_empty() {
            return Ok(HashMap::new());
        }
        let answer = self.identity().batch_get_users(self.system(BatchGetUsersRequest { uids })).await?;
        Ok(answer.into_inner().users.into_iter().map(|user| (user.uid.clone(), user)).collect())
    }

    /// How the acting user and others block each other, by uid. An app that acts for nobody blocks nobody.
    pub async fn blocks(&self) -> Result<HashMap<String, BlockState>, ApiError> {
        let mut blocks = HashMap::new();
        let Some(uid) = self.caller.acting_uid() else { return Ok(blocks) };
        for page in 1..=BLOCK_PAGES_MAX {
            let request = ListBlockedUsersRequest {
                uid: uid.to_owned(),
                direction: BlockDirection::Both.into(),
                page: Some(PageRequest { page, per_page: limits::PAGE_MAX }),
                ..Default::default()
            };
            let answer = self.identity().list_blocked_users(self.system(request)).await?.into_inner();
            for row in answer.users {
                let state = BlockState {
                    blocked_by_me: row.blocked_by_me_at_ms != 0,
                    blocked_by_me_at_ms: row.blocked_by_me_at_ms,
                    has_blocked_me: row.has_blocked_me_at_ms != 0,
                };
                blocks.insert(row.user.unwrap_or_default().uid, state);
            }
            if page >= answer.page.unwrap_or_default().total_pages {
                break;
            }
        }
        Ok(blocks)
    }
}

/// A user that identity no longer knows, by its uid alone.
pub fn unknown(uid: &str) -> User {
    User { uid: uid.to_owned(), ..User::default() }
}
