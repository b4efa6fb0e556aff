//! Counters in Redis that several processes share, for rate limits.

use std::time::Duration;

use crate::{Bus, BusError};

impl Bus {
    /// Adds to counters by one pipeline and answers what each is now. They are forgotten `kept` after the last addition.
    /// Waits for at most `patience`: whoever counts has a request that waits.
    pub async fn count(
        &self,
        additions: &[(String, u64)],
        kept: Duration,
        patience: Duration,
    ) -> Result<Vec<u64>, BusError> {
        let mut pipe = redis::pipe();
        for (key, by) in additions {
            pipe.cmd("INCRBY").arg(key).arg(*by);
            pipe.cmd("EXPIRE").arg(key).arg(kept.as_secs().max(1)).ignore();
        }
        let mut commands = self.connection();
        let sent = tokio::time::timeout(patience, pipe.query_async::<Vec<u64>>(&mut commands)).await;
        sent.map_err(|_| BusError::Timeout)?.map_err(BusError::from)
    }
}
