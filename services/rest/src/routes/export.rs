//! Everything that is stored of a user, for whoever has a right to know.

use axum::extract::Path;
use halley_contracts::{
    auth::v1::ExportUserRequest as OfAuth,
    common::v1::ExportedRow,
    groups::v1::ExportUserRequest as OfGroups,
    identity::v1::{ExportUserRequest as OfIdentity, GetUserRequest},
    messaging::v1::ExportUserRequest as OfMessaging,
    webhooks::v1::ExportUserRequest as OfWebhooks,
};
use halley_kit::PublicError;
use halley_model::FieldError;
use halley_wire::schema;
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::{
    caller::Context,
    input::{self, Query},
    openapi::{answer, path, query},
    reply::{ApiError, Reply, list},
};

/// Longest cursor that is looked at.
const CURSOR_MAX: usize = 500;

/// Who holds something of a user, in the order in which it is told.
const HOLDERS: [Holder; 5] = [Holder::Identity, Holder::Groups, Holder::Auth, Holder::Messaging, Holder::Webhooks];

#[derive(Clone, Copy)]
enum Holder {
    Identity,
    Groups,
    Auth,
    Messaging,
    Webhooks,
}

impl Holder {
    /// A page of what it holds, and where its next one begins; empty: there is none.
    async fn page(
        self,
        context: &Context,
        uid: String,
        cursor: String,
    ) -> Result<(Vec<ExportedRow>, String), ApiError> {
        Ok(match self {
            Self::Identity => {
                let answer = context.identity().export_user(context.request(OfIdentity { uid, cursor })).await?;
                let answer = answer.into_inner();
                (answer.rows, answer.next_cursor)
            }
            Self::Groups => {
                let answer = context.groups().export_user(context.request(OfGroups { uid, cursor })).await?;
                let answer = answer.into_inner();
                (answer.rows, answer.next_cursor)
            }
            Self::Auth => {
                let request = OfAuth { app_id: context.app_id().to_owned(), uid, cursor };
                let answer = context.auth().export_user(context.request(request)).await?.into_inner();
                (answer.rows, answer.next_cursor)
            }
            Self::Messaging => {
                let answer = context.messaging().export_user(context.request(OfMessaging { uid, cursor })).await?;
                let answer = answer.into_inner();
                (answer.rows, answer.next_cursor)
            }
            Self::Webhooks => {
                let answer = context.webhooks().export_user(context.request(OfWebhooks { uid, cursor })).await?;
                let answer = answer.into_inner();
                (answer.rows, answer.next_cursor)
            }
        })
    }
}

/// Who is asked for a page, and from where on.
fn place(query: &Query) -> Result<(usize, String), ApiError> {
    let wrong = || FieldError::new("cursor", "must be that of an earlier page");
    let Some(cursor) = query.text("cursor") else { return Ok((0, String::new())) };
    if cursor.len() > CURSOR_MAX {
        return Err(wrong().into());
    }
    let (holder, rest) = cursor.split_once('.').ok_or_else(wrong)?;
    let holder: usize = holder.parse().map_err(|_| wrong())?;
    if holder >= HOLDERS.len() { Err(wrong().into()) } else { Ok((holder, rest.to_owned())) }
}

/// Hands out everything that is stored of a user, also of a deactivated one, in pages.
///
/// Each row says what it is: the `user` with its profile; each `friend` and `blockedUser`; each `groupMembership` with its
/// scope, and `groupBan`; each `authToken` and `pushToken` without its value; each `conversation` with its tags and how far
/// it is read; each `message` that the user sent, with what it carries; each `reaction`, `savedMessage`, `interaction`,
/// `thread`, `pinnedConversation`; each `flag` that the user raised; each `call`, and each `activeDay`; each
/// `webhookDelivery` that named the user, without what was sent. What others wrote is theirs
/// and not told. A page has at most 100 rows and may have none: the export is at its end when `cursor` is null. Rows that come
/// or go meanwhile may be missed; each that stays is told once.
///
/// For the app's server side, and for operators who look after users: owners, admins and moderators. What an operator
/// exports is written down.
#[utoipa::path(
    get, path = "/users/{uid}/export", tag = "users", operation_id = "export-user",
    params(path::Uid, query::ExportCursor),
    responses((status = 200, body = schema::List<answer::ExportedRow, answer::ExportMeta>)),
    security(("appId" = [], "apiKey" = [])),
    extensions(("x-errors" = json!(["ERR_UID_NOT_FOUND"])))
)]
pub async fn export(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    let uid = input::uid(&uid)?;
    let (mut holder, mut cursor) = place(&query)?;
    let known = GetUserRequest { uid: uid.clone(), with_deactivated: true };
    context.identity().get_user(context.system(known)).await?;
    let mut rows = Vec::new();
    while let Some(asked) = HOLDERS.get(holder) {
        (rows, cursor) = asked.page(&context, uid.clone(), cursor).await?;
        if cursor.is_empty() {
            holder += 1;
        }
        if !rows.is_empty() || !cursor.is_empty() {
            break;
        }
    }
    let next = (holder < HOLDERS.len()).then(|| format!("{holder}.{cursor}"));
    let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let meta = json!({"count": rows.len(), "cursor": next});
    list(rows, meta)
}

/// A row as it was stored, numbers and all.
#[derive(Serialize)]
struct Row<'a> {
    kind: &'a str,
    data: &'a RawValue,
}

fn row(row: &ExportedRow) -> Result<Row<'_>, ApiError> {
    let data = serde_json::from_str(&row.data_json)
        .map_err(|_| PublicError::internal("a service exports a row that is no JSON"))?;
    Ok(Row { kind: &row.kind, data })
}
