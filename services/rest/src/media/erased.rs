//! The files of messages that were erased are removed: messaging tells which, until it is told that they are.

use std::time::Duration;

use halley_contracts::messaging::v1::{
    ErasedFile, ForgetErasedFilesRequest, ListErasedFilesRequest, messaging_service_client::MessagingServiceClient,
};
use halley_kit::{Caller, Lifecycle, Transport};
use halley_model::APP_SYSTEM_UID;

use super::{Name, Store};

/// How often messaging is asked while there is nothing to do.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(15);

/// Removes files until the end of the process. Edges that do the same at once don't mind each other.
pub fn start(messaging: Transport, store: Store, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("removal of the files of erased messages", async move {
        loop {
            let pause = tokio::select! {
                () = stopping.cancelled() => return,
                outcome = remove_some(&messaging, &store) => match outcome {
                    Ok(0) => LOOK_EVERY,
                    Ok(_) => Duration::ZERO,
                    Err(error) => {
                        tracing::warn!(%error, "the files of erased messages can't be removed now");
                        PAUSE_AFTER_FAILURE
                    }
                },
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

/// Removes some files and answers how many they were.
async fn remove_some(messaging: &Transport, store: &Store) -> Result<usize, tonic::Status> {
    let mut client = MessagingServiceClient::new(messaging.clone());
    // Of no app: messaging asks only that Halley itself calls.
    let system = Caller::system(APP_SYSTEM_UID);
    let files = client.list_erased_files(system.request(ListErasedFilesRequest {})).await?.into_inner().files;
    if files.is_empty() {
        return Ok(0);
    }
    let removed = files.len();
    for ErasedFile { app_id, name } in &files {
        if let Some(name) = Name::parse(name) {
            store.remove_surely(app_id, &name).await.map_err(|error| tonic::Status::internal(error.to_string()))?;
        }
    }
    client.forget_erased_files(system.request(ForgetErasedFilesRequest { files })).await?;
    Ok(removed)
}
