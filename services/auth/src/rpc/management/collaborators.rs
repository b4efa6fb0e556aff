//! Collaborators: operators with a role in an app that is not theirs.

use std::collections::HashMap;

use halley_bus::outbox;
use halley_contracts::{
    auth::v1::{self as pb, OperatorRole},
    common::v1::ItemResult,
};
use halley_kit::{page::Page, time};
use halley_model::{Access, Area, FieldError, Limit};
use uuid::Uuid;

use super::entry::{self, fate};
use crate::{
    Auth,
    error::AuthError,
    events,
    rpc::operators::{self, address},
    store,
};

/// Most addresses of one call.
const PER_CALL_MAX: usize = 100;

/// An app's people while they are changed.
struct Team {
    own_id: Uuid,
    owner_id: Option<Uuid>,
    /// Operators by address, with whether they are collaborators.
    known: HashMap<String, (Uuid, bool)>,
    count: i64,
    max: i64,
    put: Vec<(Uuid, i16)>,
    removed: Vec<Uuid>,
}

impl Team {
    fn add(&mut self, given: &str, role: OperatorRole) -> Result<(), AuthError> {
        let email = address(given);
        let Some((id, is_in)) = self.known.get_mut(&email) else {
            return Err(AuthError::OperatorNotFound { email });
        };
        if self.owner_id == Some(*id) {
            return Err(AuthError::AlreadyAnOwner { email });
        }
        if *id == self.own_id {
            return Err(AuthError::SelfAction);
        }
        if !*is_in {
            if self.count >= self.max {
                return Err(AuthError::TooMany { what: "collaborators", max: self.max });
            }
            *is_in = true;
            self.count += 1;
        }
        self.put.retain(|(other, _)| other != id);
        self.put.push((*id, i16::try_from(i32::from(role)).unwrap_or_default()));
        Ok(())
    }

    fn remove(&mut self, given: &str) -> Result<(), AuthError> {
        let email = address(given);
        let Some((id, is_in)) = self.known.get_mut(&email) else {
            return Err(AuthError::NotACollaborator { email });
        };
        if self.owner_id == Some(*id) {
            return Err(AuthError::AlreadyAnOwner { email });
        }
        if *id == self.own_id {
            return Err(AuthError::SelfAction);
        }
        if !*is_in {
            return Err(AuthError::NotACollaborator { email });
        }
        *is_in = false;
        self.count -= 1;
        self.removed.push(*id);
        Ok(())
    }
}

pub async fn change(
    auth: &Auth,
    request: pb::ChangeCollaboratorsRequest,
) -> Result<pb::ChangeCollaboratorsResponse, AuthError> {
    let operator = entry::authenticate(auth, request.credential).await?;
    let row = entry::app(auth, &operator, &request.app_id, (Area::Team, Access::Change)).await?;
    let owner_id = row.owner_id;
    let app = row.into_app();
    if app.scheduled_to_delete_at_ms != 0 {
        return Err(AuthError::NoManagedApp { app_id: app.app_id });
    }
    let lists = [&request.admins, &request.developers, &request.moderators, &request.remove];
    let emails: Vec<String> = lists.iter().flat_map(|list| list.iter()).map(|email| address(email)).collect();
    if emails.is_empty() || emails.len() > PER_CALL_MAX {
        let problem = format!("must have 1 to {PER_CALL_MAX} addresses, all lists together");
        return Err(FieldError::new("admins", problem).into());
    }
    if emails.iter().any(|email| email.contains('\0')) {
        return Err(FieldError::new("admins", "must not contain the NUL character").into());
    }
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    // Counted under the app's lock, or two at once could pass the limit.
    let settings = store::apps::lock(&mut transaction, &app.app_id).await?;
    let settings = settings.ok_or_else(|| AuthError::NoManagedApp { app_id: app.app_id.clone() })?;
    let known = store::management::find_operators(&mut transaction, &app.app_id, &emails).await?;
    let mut team = Team {
        own_id: operator.0.operator_id,
        owner_id,
        known: known.into_iter().map(|(email, id, is_in)| (email, (id, is_in))).collect(),
        count: store::management::count_collaborators(&mut transaction, &app.app_id).await?,
        max: settings.limit_i64(Limit::Collaborators),
        put: Vec::new(),
        removed: Vec::new(),
    };
    // First those who go: they make room.
    let removed = each(request.remove, |email| team.remove(email))?;
    let admins = each(request.admins, |email| team.add(email, OperatorRole::Admin))?;
    let developers = each(request.developers, |email| team.add(email, OperatorRole::Developer))?;
    let moderators = each(request.moderators, |email| team.add(email, OperatorRole::Moderator))?;
    store::management::delete_collaborators(&mut transaction, &app.app_id, &team.removed).await?;
    store::management::put_collaborators(&mut transaction, &app.app_id, &team.put, time::now()).await?;
    let mut concerned: Vec<Uuid> = team.removed.iter().copied().chain(team.put.iter().map(|(id, _)| *id)).collect();
    concerned.dedup();
    let entries: Vec<_> = concerned.into_iter().map(|id| events::operator_changed(id, &[])).collect();
    let pending = outbox::insert(&mut transaction, &entries).await?;
    transaction.commit().await?;
    // Another role, or none, may take rights away.
    auth.relay.publish_now(pending).await;
    Ok(pb::ChangeCollaboratorsResponse { admins, developers, moderators, removed })
}

fn each(emails: Vec<String>, mut act: impl FnMut(&str) -> Result<(), AuthError>) -> Result<Vec<ItemResult>, AuthError> {
    emails
        .into_iter()
        .map(|email| {
            let outcome = act(&email);
            fate(email, outcome)
        })
        .collect()
}

pub async fn list(
    auth: &Auth,
    request: pb::ListCollaboratorsRequest,
) -> Result<pb::ListCollaboratorsResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Team, Access::Read)).await?;
    let page = Page::parse(request.page)?;
    let (rows, total) = store::management::list_collaborators(&auth.pool, &app.app_id, page).await?;
    let page = page.info(total, rows.len());
    let collaborators = rows
        .into_iter()
        .map(|row| pb::Collaborator {
            number: row.operator.number,
            role: i32::from(row.own_role),
            created_at_ms: time::to_ms(row.since),
            operator: Some(operators::operator(row.operator)),
        })
        .collect();
    Ok(pb::ListCollaboratorsResponse { collaborators, page: Some(page) })
}
