//! `halley migrate`.

use anyhow::Result;
use halley_kit::postgres::{self, PostgresConfig};

use crate::{
    cli::Place,
    modules,
    private::{self, Needs},
    settings::Settings,
};

/// Brings every database up to date.
pub async fn run(place: Place) -> Result<()> {
    let mut settings = Settings::load(place.config.as_deref())?;
    let databases = modules::STORING.iter().filter_map(|module| module.database()).collect();
    let servers = private::complete(&mut settings, &place, &Needs { databases, services: false }).await?;
    let outcome = migrate(&settings).await;
    if let Some(servers) = servers {
        servers.stop().await?;
    }
    outcome
}

async fn migrate(settings: &Settings) -> Result<()> {
    for database in modules::databases(settings) {
        let config = PostgresConfig { url: database.url, max_connections: 1 };
        let pool = postgres::connect(database.service, &config).await?;
        postgres::migrate(database.service, &pool, database.migrator).await?;
        println!("{}: up to date", database.service);
    }
    Ok(())
}
