//! `halley serve`: from settings to listeners, and the orderly end.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    extract::Request,
    http::{Method, header::UPGRADE},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
};
use halley_kit::{Lifecycle, admin, lifecycle, server, telemetry::Telemetry};
use tokio::net::TcpListener;

use crate::{
    cli::Serve,
    commands::demo,
    modules::{Module, Running, Target},
    private::{self, Needs},
    settings::Settings,
};

/// Runs until SIGTERM or Ctrl-C.
pub async fn run(options: Serve) -> Result<()> {
    let mut settings = Settings::load(options.place.config.as_deref())?;
    apply(&mut settings, &options);
    let telemetry = Telemetry::start(options.target.name(), &settings.telemetry)?;
    // Everything is put away again even when the start fails half-way.
    let outcome = serve(settings, &options, &telemetry).await;
    telemetry.shutdown();
    outcome
}

fn apply(settings: &mut Settings, options: &Serve) {
    if let Some(listen) = options.listen {
        settings.server.listen = listen.to_string();
    }
    if let Some(listen) = options.admin_listen {
        settings.server.admin_listen = listen.to_string();
    }
    if let Some(listen) = options.tls_listen {
        settings.rest.tls_listen = listen.to_string();
    }
}

async fn serve(mut settings: Settings, options: &Serve, telemetry: &Telemetry) -> Result<()> {
    let lifecycle = Lifecycle::new();
    let end = tokio::spawn(lifecycle::end_signal());
    let servers = private::complete(&mut settings, &options.place, &Needs::of(options.target.modules())).await?;
    let outcome = tokio::select! {
        outcome = listen(&settings, options, telemetry, &lifecycle) => outcome,
        signal = end => signal.context("wait for a signal")?.context("wait for a signal"),
    };
    tracing::info!("stopping");
    lifecycle.stop();
    if !lifecycle.drain(Duration::from_secs(settings.server.grace_seconds)).await {
        tracing::warn!("some work did not end in time and is dropped");
    }
    if let Some(servers) = servers {
        servers.stop().await.context("stop the private servers")?;
    }
    outcome
}

/// Starts the services and their listeners, then waits for ever: the caller ends it.
async fn listen(settings: &Settings, options: &Serve, telemetry: &Telemetry, lifecycle: &Lifecycle) -> Result<()> {
    if !settings.server.admin_listen.is_empty() {
        let listener = bind("server.admin_listen", &settings.server.admin_listen).await?;
        serve_plain(lifecycle, "admin", listener, admin::router(lifecycle.clone(), telemetry.metrics()));
    }
    let mut running = Running::start(settings, options.target.modules(), lifecycle.clone()).await?;
    if settings.rest.web && options.target.modules().contains(&Module::Rest) {
        running.edge = running.edge.map(|edge| edge.layer(middleware::from_fn(show_home)));
    }
    let router = router_of(options.target, &running).await;
    let listener = bind("server.listen", &settings.server.listen).await?;
    let address = listener.local_addr()?;
    let tls = serve_tls(settings, options, lifecycle, &running).await?;
    serve_plain(lifecycle, "requests", listener, router);
    lifecycle.set_ready();
    tracing::info!(target = options.target.name(), %address, "ready");
    if options.target == Target::All && settings.server.demo {
        let place = demo::Addresses::of(address, tls);
        let written = demo::make(&running, &place, &options.place.data_dir).await.context("make the demo app")?;
        written.print();
    }
    std::future::pending().await
}

/// Shows the dashboard to who opens the bare address in a browser: clients open their sockets there.
async fn show_home(request: Request, next: Next) -> Response {
    let is_bare = request.method() == Method::GET && request.uri().path() == "/";
    if is_bare && !request.headers().contains_key(UPGRADE) {
        return Redirect::temporary("/dashboard/").into_response();
    }
    next.run(request).await
}

/// The gRPC of services behind what clients reach, as far as a target has both.
async fn router_of(target: Target, running: &Running) -> Router {
    match (target, running.edge.clone(), running.grpc.clone()) {
        // One process is reached by clients only: its services meet each other without a socket.
        (Target::All | Target::Rest, Some(edge), _) | (_, Some(edge), None) => edge,
        (_, Some(edge), Some(grpc)) => server::listenable(grpc).await.reset_fallback().merge(edge),
        (_, None, Some(grpc)) => server::listenable(grpc).await,
        (_, None, None) => Router::new(),
    }
}

async fn bind(key: &str, address: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{key}: can't listen on {address}"))
}

fn serve_plain(lifecycle: &Lifecycle, name: &'static str, listener: TcpListener, router: Router) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn(name, async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(axum::serve::ListenerExt::tap_io(listener, no_delay), service)
            .with_graceful_shutdown(async move { stopping.cancelled().await });
        if let Err(error) = served.await {
            tracing::error!(%error, listener = name, "a listener failed");
        }
    });
}

fn no_delay(stream: &mut tokio::net::TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "can't set TCP_NODELAY");
    }
}

async fn serve_tls(
    settings: &Settings,
    options: &Serve,
    lifecycle: &Lifecycle,
    running: &Running,
) -> Result<Option<SocketAddr>> {
    let Some(edge) = running.edge.clone() else { return Ok(None) };
    if settings.rest.tls_listen.is_empty() {
        return Ok(None);
    }
    let directory = options.place.data_dir.join("tls");
    let config = halley_rest::tls::server_config(&settings.rest, &directory).context("rest.tls_certificate")?;
    let listener = bind("rest.tls_listen", &settings.rest.tls_listen).await?.into_std()?;
    let address = listener.local_addr()?;
    let stopping = lifecycle.stopping();
    lifecycle.spawn("tls", async move {
        if let Err(error) = halley_rest::tls::serve(listener, config, edge, stopping).await {
            tracing::error!(%error, listener = "tls", "a listener failed");
        }
    });
    Ok(Some(address))
}
