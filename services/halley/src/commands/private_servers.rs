//! `halley private-servers`: one PostgreSQL and one Redis for several processes on this machine.

use anyhow::{Context as _, Result, bail};
use halley_kit::lifecycle;
use secrecy::ExposeSecret as _;

use crate::{
    cli::Place,
    modules,
    private::{self, Needs},
    settings::Settings,
};

/// Runs them until SIGTERM or Ctrl-C. DATA_DIR/halley.toml is there once they are ready.
pub async fn run(place: Place) -> Result<()> {
    let mut settings = Settings::load(place.config.as_deref())?;
    let end = lifecycle::end_signal();
    let Some(servers) = private::complete(&mut settings, &place, &Needs::of(modules::STORING)).await? else {
        bail!("servers are configured, or run already on {}", place.data_dir.display());
    };
    let file = place.data_dir.join("halley.toml");
    private::write_private(&file, text(&settings)?.as_bytes())?;
    println!("{}", file.display());
    end.await.context("wait for a signal")?;
    servers.stop().await
}

fn text(settings: &Settings) -> Result<String> {
    #[derive(serde::Serialize)]
    struct File<'a> {
        secrets: std::collections::BTreeMap<&'a str, &'a str>,
        postgres: std::collections::BTreeMap<&'a str, &'a str>,
        redis: std::collections::BTreeMap<&'a str, &'a str>,
    }
    let postgres = &settings.postgres;
    let file = File {
        secrets: [("master_key", settings.secrets.master_key.expose_secret())].into(),
        postgres: [
            ("auth_url", postgres.auth_url.expose_secret()),
            ("identity_url", postgres.identity_url.expose_secret()),
            ("groups_url", postgres.groups_url.expose_secret()),
            ("messaging_url", postgres.messaging_url.expose_secret()),
            ("webhooks_url", postgres.webhooks_url.expose_secret()),
        ]
        .into(),
        redis: [("url", settings.redis.url.expose_secret())].into(),
    };
    Ok(toml::to_string(&file)?)
}
