//! What operators do is written down by auth before it is done, and how it ended after that.
//!
//! Whoever knows the operator of a request begins its action ([`State::begin_action`]) and leaves word for [`completed`],
//! which is around everything and knows the answer. Of bodies only whom an action is about is
//! written down, where the path does not say so, and no secret that a path names.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::{
    extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State as Shared},
    http::request::Parts,
    middleware::Next,
    response::Response,
};
use halley_contracts::auth::v1::{BeginActionRequest, EndActionRequest, OperatorCredential};
use halley_kit::PublicError;

use crate::{caller::without_version, session_cookie::is_safe, state::State};

/// Operations that only read, whatever their method.
const READS: [&str; 1] = ["fetch-multi-tenant-usage"];
/// Parameters of paths that are credentials.
const SECRET: [&str; 3] = ["apiKey", "authToken", "pushToken"];
/// What is written in their place.
const HIDDEN: &str = "…";

/// Operations that are written down although they only read: they hand out everything of a person.
const WATCHED: [&str; 1] = ["export-user"];

/// A request's action: its id, when it is begun, and what is to be written down of it besides.
#[derive(Clone, Default)]
pub struct Action(Arc<Written>);

#[derive(Default)]
struct Written {
    id: OnceLock<i64>,
    besides: Mutex<HashMap<String, String>>,
}

impl Action {
    /// Adds something that is written down with the action's end.
    pub fn tell(&self, name: &str, value: &str) {
        let mut told = self.0.besides.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(name.to_owned(), value.to_owned());
    }

    fn told(&self) -> HashMap<String, String> {
        std::mem::take(&mut *self.0.besides.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes down how an action ended. The answer waits for that, but does not depend on it: what was done is done.
pub async fn completed(Shared(state): Shared<Arc<State>>, mut request: Request, next: Next) -> Response {
    let action = Action::default();
    request.extensions_mut().insert(action.clone());
    let response = next.run(request).await;
    let Some(action_id) = action.0.id.get().copied() else { return response };
    let status = i32::from(response.status().as_u16());
    let ended = EndActionRequest { action_id, status, parameters: action.told() };
    if let Err(error) = state.operators().end_action(ended).await {
        tracing::warn!(action_id, status, %error, "how an operator's action ended is not written down");
    }
    response
}

impl State {
    /// Writes down what an operator is about to do, unless it changes nothing. What can't be written down is refused.
    pub async fn begin_action(
        &self,
        parts: &mut Parts,
        credential: OperatorCredential,
        app_id: Option<&str>,
    ) -> Result<(), PublicError> {
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        let operation = self.operations.name(parts.method.as_str(), without_version(path));
        let changes_nothing = is_safe(&parts.method) || READS.contains(&operation.as_str());
        if changes_nothing && !WATCHED.contains(&operation.as_str()) {
            return Ok(());
        }
        let parameters = parameters(parts).await;
        let app_id = app_id.or(parameters.get("appId").map(String::as_str)).unwrap_or_default().to_owned();
        let request = BeginActionRequest { credential: Some(credential), app_id, operation, parameters };
        let action_id = self.operators().begin_action(request).await?.into_inner().action_id;
        match parts.extensions.get::<Action>() {
            Some(action) => drop(action.0.id.set(action_id)),
            None => return Err(PublicError::internal("an operator's action has nowhere to be left")),
        }
        Ok(())
    }
}

/// What the path names.
async fn parameters(parts: &mut Parts) -> HashMap<String, String> {
    let Ok(named) = RawPathParams::from_request_parts(parts, &()).await else { return HashMap::new() };
    let shown = |name: &str, value: &str| if SECRET.contains(&name) { HIDDEN.to_owned() } else { value.to_owned() };
    named.iter().map(|(name, value)| (name.to_owned(), shown(name, value))).collect()
}

/// The ids of operations in the description of the API, by method and path.
pub struct Operations(HashMap<(String, String), String>);

impl Operations {
    /// Of a description.
    pub fn of(description: &utoipa::openapi::OpenApi) -> Self {
        let mut all = HashMap::new();
        for (path, item) in &description.paths.paths {
            let methods = [
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
                ("GET", &item.get),
            ];
            for (method, operation) in methods {
                let Some(id) = operation.as_ref().and_then(|operation| operation.operation_id.clone()) else {
                    continue;
                };
                all.insert((method.to_owned(), without_version(path).to_owned()), id);
            }
        }
        Self(all)
    }

    /// The id of an operation; of one that has none, method and path.
    fn name(&self, method: &str, path: &str) -> String {
        let known = self.0.get(&(method.to_owned(), path.to_owned()));
        known.cloned().unwrap_or_else(|| format!("{method} {path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_the_ids_of_the_description() {
        let operations = Operations::of(&crate::routes::description());
        assert_eq!(operations.name("DELETE", "/users/{uid}"), "delete-user");
        assert_eq!(operations.name("POST", "/apps/{appId}/settings"), "map-settings");
        assert_eq!(
            operations.name("POST", "/groups/{guid}/banned_members/{uid}"),
            "POST /groups/{guid}/banned_members/{uid}"
        );
    }
}
