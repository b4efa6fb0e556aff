//! Batches of rows to the services that own them.

use std::time::Duration;

use anyhow::Result;
use halley_contracts::{
    common::v1::ItemResult,
    groups::v1::{ImportGroupsRequest, ImportMembersRequest, groups_service_client::GroupsServiceClient},
    identity::v1::{BatchGetUsersRequest, ImportUsersRequest, identity_service_client::IdentityServiceClient},
    messaging::v1::{ImportMessagesRequest, ReceiverType, messaging_service_client::MessagingServiceClient},
};
use halley_kit::{Caller, PublicError, Transport};
use tonic::{Request, Status};

use super::{
    Kind,
    lines::{Fault, Row},
    rows,
};
use crate::modules::{Module, Running};

/// Deadline of one batch, on a slow disk.
const DEADLINE: Duration = Duration::from_secs(120);

/// The services, as Halley itself.
pub struct Sender {
    caller: Caller,
    identity: Transport,
    groups: Transport,
    messaging: Transport,
}

/// What became of some rows.
#[derive(Default)]
pub struct Total {
    /// Rows that are in the app now.
    pub items: usize,
    /// Of them, those that were not there before.
    pub created: i64,
}

impl Total {
    /// Counts a batch.
    pub fn add(&mut self, batch: &Self) {
        self.items += batch.items;
        self.created += batch.created;
    }
}

impl Sender {
    /// For one app.
    pub fn new(running: &Running, app_id: &str) -> Result<Self> {
        Ok(Self {
            caller: Caller::system(app_id),
            identity: running.edge_to(Module::Identity)?,
            groups: running.edge_to(Module::Groups)?,
            messaging: running.edge_to(Module::Messaging)?,
        })
    }

    /// Commits rows. When one is bad, those before it are committed and it is told.
    pub async fn send(&self, kind: Kind, rows: &[Row]) -> Result<Total, Fault> {
        match kind {
            Kind::Users => self.users(rows).await,
            Kind::Groups => self.groups(rows).await,
            Kind::Members => self.members(rows).await,
            Kind::Messages => self.messages(rows, ReceiverType::Group).await,
            Kind::DirectMessages => self.messages(rows, ReceiverType::User).await,
        }
    }

    async fn users(&self, rows: &[Row]) -> Result<Total, Fault> {
        let (users, fault) = parse(rows, rows::user);
        let answer = IdentityServiceClient::new(self.identity.clone())
            .import_users(self.request(ImportUsersRequest { users }))
            .await
            .map_err(|status| refused(rows, &status))?
            .into_inner();
        settle(rows, &answer.results, answer.created, fault)
    }

    async fn groups(&self, rows: &[Row]) -> Result<Total, Fault> {
        let (groups, fault) = parse(rows, rows::group);
        let answer = GroupsServiceClient::new(self.groups.clone())
            .import_groups(self.request(ImportGroupsRequest { groups }))
            .await
            .map_err(|status| refused(rows, &status))?
            .into_inner();
        settle(rows, &answer.results, answer.created, fault)
    }

    async fn members(&self, rows: &[Row]) -> Result<Total, Fault> {
        let (mut members, mut fault) = parse(rows, rows::member);
        if let Some(unknown) = self
            .first_unknown(members.iter().map(|member| member.uid.as_str()))
            .await
            .map_err(|status| refused(rows, &status))?
        {
            let at = members.iter().position(|member| member.uid == unknown).unwrap_or(0);
            members.truncate(at);
            fault = Some(Fault { line: rows[at].line, reason: format!("there is no user `{unknown}`") });
        }
        let answer = GroupsServiceClient::new(self.groups.clone())
            .import_members(self.request(ImportMembersRequest { members }))
            .await
            .map_err(|status| refused(rows, &status))?
            .into_inner();
        settle(rows, &answer.results, answer.created, fault)
    }

    async fn messages(&self, rows: &[Row], to: ReceiverType) -> Result<Total, Fault> {
        let (messages, fault) = parse(rows, |line| rows::message(line, to));
        let answer = MessagingServiceClient::new(self.messaging.clone())
            .import_messages(self.request(ImportMessagesRequest { messages, with_messages: false }))
            .await
            .map_err(|status| refused(rows, &status))?
            .into_inner();
        settle(rows, &answer.results, answer.created, fault)
    }

    /// The first of some uids that no user has.
    async fn first_unknown<'a>(&self, uids: impl Iterator<Item = &'a str> + Clone) -> Result<Option<String>, Status> {
        let request = BatchGetUsersRequest { uids: uids.clone().map(ToOwned::to_owned).collect() };
        let known = IdentityServiceClient::new(self.identity.clone())
            .batch_get_users(self.request(request))
            .await?
            .into_inner()
            .users;
        let known: std::collections::HashSet<String> = known.into_iter().map(|user| user.uid).collect();
        Ok(uids.map(str::to_lowercase).find(|uid| !known.contains(uid)))
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = self.caller.request(message);
        request.set_timeout(DEADLINE);
        request
    }
}

/// Reads rows up to the first bad one.
fn parse<T>(rows: &[Row], read: impl Fn(&str) -> Result<T, String>) -> (Vec<T>, Option<Fault>) {
    let mut parsed = Vec::with_capacity(rows.len());
    for row in rows {
        match read(&row.text) {
            Ok(item) => parsed.push(item),
            Err(reason) => return (parsed, Some(Fault { line: row.line, reason })),
        }
    }
    (parsed, None)
}

/// The whole batch was refused.
fn refused(rows: &[Row], status: &Status) -> Fault {
    let line = rows.first().map_or(0, |row| row.line);
    Fault { line, reason: format!("the batch that begins here was refused: {}", PublicError::from_status(status)) }
}

/// Answers come in the order asked: the first failed one names its line.
fn settle(rows: &[Row], results: &[ItemResult], created: i32, fault: Option<Fault>) -> Result<Total, Fault> {
    for (row, result) in rows.iter().zip(results) {
        if let Some(error) = &result.error {
            return Err(Fault { line: row.line, reason: format!("{}: {}", error.code, error.message) });
        }
    }
    match fault {
        Some(fault) => Err(fault),
        None => Ok(Total { items: results.len(), created: i64::from(created) }),
    }
}
