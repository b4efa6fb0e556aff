//! Everything of a user, for who asks what is stored of them.

use halley_kit::export::Section;

/// To which webhooks something of the user was sent. What was sent is what other services hand out.
pub(crate) const SECTIONS: &[Section] = &[Section {
    kind: "webhookDelivery",
    sql: "SELECT 0::bigint, delivery_id::text, json_build_object(
              'id', delivery_id, 'webhookId', webhook_id, 'trigger', trigger_id,
              'state', CASE state WHEN 1 THEN 'pending' WHEN 2 THEN 'delivered' ELSE 'failed' END,
              'createdAt', floor(extract(epoch FROM created_at))::bigint
          )::text
          FROM deliveries
          WHERE app_id = $1 AND uids @> ARRAY[$2] COLLATE \"C\" AND uids <> '{}' AND $3 = 0
              AND ($4 = '' OR delivery_id > nullif($4, '')::uuid)
          ORDER BY delivery_id
          LIMIT $5",
}];
