//! How connections to Redis are opened.

use std::time::Duration;

use redis::{IntoConnectionInfo as _, aio::ConnectionManagerConfig};
use secrecy::{ExposeSecret as _, SecretString};

/// A client whose sockets don't wait to fill packets.
pub fn client(url: &SecretString) -> Result<redis::Client, redis::RedisError> {
    let settings = redis::io::tcp::TcpSettings::default().set_nodelay(true);
    redis::Client::open(url.expose_secret().into_connection_info()?.set_tcp_settings(settings))
}

/// Reconnects for ever, with pauses of at most a second; a command fails soon instead of waiting for that.
pub fn manager_config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(usize::MAX)
        .set_max_delay(Duration::from_secs(1))
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(5)))
}
