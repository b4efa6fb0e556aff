//! One client over both transports: same answers, same deadline, same credential rules.

use std::time::Duration;

use halley_contracts::{
    common::v1::{ApiKeyPrincipal, ApiKeyScope},
    realtime::v1::{self as pb, realtime_service_client::RealtimeServiceClient, realtime_service_server as server},
};
use halley_kit::{
    Caller, MasterKey, PublicError, Transport,
    server::{Credentials, listenable, mount},
};
use halley_model::ErrorCode;
use tonic::{Request, Response, Status, service::Routes};

struct Probe;

#[tonic::async_trait]
impl server::RealtimeService for Probe {
    async fn get_presence(
        &self,
        request: Request<pb::GetPresenceRequest>,
    ) -> Result<Response<pb::GetPresenceResponse>, Status> {
        let caller = Caller::of(&request)?;
        Ok(Response::new(pb::GetPresenceResponse {
            online_uids: vec![caller.app_id().to_owned(), caller.actor().to_owned()],
        }))
    }

    async fn count_online(
        &self,
        _: Request<pb::CountOnlineRequest>,
    ) -> Result<Response<pb::CountOnlineResponse>, Status> {
        Err(PublicError::field(ErrorCode::BadRequest, "guids", "wrong").into())
    }

    async fn list_online_users(
        &self,
        _: Request<pb::ListOnlineUsersRequest>,
    ) -> Result<Response<pb::ListOnlineUsersResponse>, Status> {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(Response::new(pb::ListOnlineUsersResponse::default()))
    }

    async fn list_nodes(&self, _: Request<pb::ListNodesRequest>) -> Result<Response<pb::ListNodesResponse>, Status> {
        panic!("a bug")
    }

    async fn list_connections(
        &self,
        _: Request<pb::ListConnectionsRequest>,
    ) -> Result<Response<pb::ListConnectionsResponse>, Status> {
        Ok(Response::new(pb::ListConnectionsResponse::default()))
    }
}

async fn transports(as_edge: bool) -> (Vec<(&'static str, Transport)>, Credentials) {
    let credentials = Credentials::new(&MasterKey::generate());
    let mounted = mount(Routes::new(server::RealtimeServiceServer::new(Probe)), credentials.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let served = listenable(mounted.clone()).await;
    tokio::spawn(async move { axum::serve(listener, served).await.expect("serve") });
    let credential = if as_edge { credentials.edge() } else { credentials.service() }.clone();
    // The first replica does not exist: it must be passed over.
    let addresses = ["http://127.0.0.1:9".to_owned(), format!("http://{address}")];
    let remote = Transport::remote(&addresses, &credential).expect("addresses");
    (vec![("local", Transport::local(mounted, &credential)), ("remote", remote)], credentials)
}

fn caller() -> Caller {
    let key = ApiKeyPrincipal { key_id: "k".into(), scope: ApiKeyScope::FullAccess.into(), on_behalf_of: "ann".into() };
    Caller::api_key("app1", key)
}

#[tokio::test]
async fn the_caller_arrives_over_both() {
    for (name, transport) in transports(true).await.0 {
        for _ in 0..4 {
            let answer = RealtimeServiceClient::new(transport.clone())
                .get_presence(caller().request(pb::GetPresenceRequest::default()))
                .await
                .unwrap_or_else(|status| panic!("{name}: {status}"));
            assert_eq!(answer.into_inner().online_uids, ["app1", "ann"], "{name}");
        }
    }
}

#[tokio::test]
async fn a_public_error_keeps_code_and_field_over_both() {
    for (name, transport) in transports(true).await.0 {
        let status = RealtimeServiceClient::new(transport)
            .count_online(pb::CountOnlineRequest::default())
            .await
            .expect_err(name);
        let error = PublicError::from_status(&status);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("guids")), "{name}");
    }
}

#[tokio::test]
async fn a_deadline_is_kept_over_both() {
    for (name, transport) in transports(true).await.0 {
        let mut request = Request::new(pb::ListOnlineUsersRequest::default());
        request.set_timeout(Duration::from_millis(50));
        let call = async { RealtimeServiceClient::new(transport).list_online_users(request).await };
        let status = tokio::time::timeout(Duration::from_secs(5), call).await.expect("ended").expect_err(name);
        assert_eq!(PublicError::from_status(&status).code, ErrorCode::Timeout, "{name}: {status}");
    }
}

#[tokio::test]
async fn a_panic_is_an_error_of_the_callee_over_both() {
    for (name, transport) in transports(true).await.0 {
        let status =
            RealtimeServiceClient::new(transport).list_nodes(pb::ListNodesRequest::default()).await.expect_err(name);
        assert_eq!(PublicError::from_status(&status).code, ErrorCode::Exception, "{name}");
    }
}

#[tokio::test]
async fn only_an_edge_may_say_who_the_caller_is() {
    for (name, transport) in transports(false).await.0 {
        let mut client = RealtimeServiceClient::new(transport);
        let status = client.get_presence(caller().request(pb::GetPresenceRequest::default())).await.expect_err(name);
        assert_eq!(status.code(), tonic::Code::PermissionDenied, "{name}");
        let answer = client.get_presence(Caller::system("app1").request(pb::GetPresenceRequest::default())).await;
        assert_eq!(answer.expect(name).into_inner().online_uids, ["app1", "app_system"], "{name}");
    }
}

#[tokio::test]
async fn without_the_credential_nothing_is_answered() {
    let (_, credentials) = transports(true).await;
    let mounted = mount(Routes::new(server::RealtimeServiceServer::new(Probe)), credentials);
    let stranger = Transport::local(mounted, Credentials::new(&MasterKey::generate()).edge());
    let status = RealtimeServiceClient::new(stranger)
        .count_online(pb::CountOnlineRequest::default())
        .await
        .expect_err("refused");
    assert_eq!(status.code(), tonic::Code::Unauthenticated);
}
