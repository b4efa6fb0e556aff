//! How many groups a user may be in.

use std::collections::HashMap;

use halley_model::{AppSettings, Limit};
use sqlx::PgConnection;

use crate::{
    error::{GroupsError, Result},
    store::members,
};

/// The groups of users who may come into one more.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// `None`: any number, and nothing was counted.
    max: Option<i64>,
    taken: HashMap<String, i64>,
}

impl Seats {
    /// Counts the groups of users where the app limits them. Others who count one of them wait for this transaction, so that
    /// calls at once don't pass the limit together. To be asked after the group's row is locked, as everybody does: so nobody
    /// waits in a circle.
    pub(super) async fn of(
        conn: &mut PgConnection,
        app_id: &str,
        settings: &AppSettings,
        uids: &[&str],
    ) -> Result<Self> {
        let max = settings.limit_i64(Limit::GroupsOfUser);
        if max == i64::MAX || uids.is_empty() {
            return Ok(Self::default());
        }
        members::lock_counts(&mut *conn, app_id, uids).await?;
        let taken = members::count_groups_of(conn, app_id, uids).await?;
        Ok(Self { max: Some(max), taken: taken.into_iter().collect() })
    }

    /// Refuses a user who can't be in one more group.
    pub(super) fn take(&self, uid: &str) -> Result<()> {
        match self.max {
            Some(max) if self.taken.get(uid).copied().unwrap_or_default() >= max => {
                Err(GroupsError::TooManyGroups { uid: uid.to_owned(), max })
            }
            _ => Ok(()),
        }
    }
}
