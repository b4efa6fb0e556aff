//! Everything of a user, for who asks what is stored of them. Values of tokens are credentials and not told.

use halley_kit::export::Section;

/// In the order in which it is told.
pub const SECTIONS: &[Section] = &[
    Section {
        kind: "authToken",
        sql: "SELECT 0::bigint, token_id::text AS place, json_build_object(
                  'id', token_id, 'deviceId', device_id, 'platform', platform, 'userAgent', user_agent,
                  'appInfo', app_info, 'createdAt', floor(extract(epoch FROM created_at))::bigint
              )::text
              FROM auth_tokens
              WHERE app_id = $1 AND uid = $2 AND $3 = 0 AND ($4 = '' OR token_id > NULLIF($4, '')::uuid)
              ORDER BY token_id
              LIMIT $5",
    },
    Section {
        kind: "pushToken",
        sql: "SELECT CASE kind WHEN 'chat' THEN 1 ELSE 2 END::bigint, token_id::text AS place, json_build_object(
                  'authTokenId', token_id, 'kind', kind, 'platform', platform, 'providerId', provider_id,
                  'timezone', timezone, 'createdAt', floor(extract(epoch FROM created_at))::bigint,
                  'updatedAt', floor(extract(epoch FROM updated_at))::bigint
              )::text
              FROM push_tokens
              WHERE app_id = $1 AND uid = $2 AND ($4 = '' OR (token_id, CASE kind WHEN 'chat' THEN 1 ELSE 2 END)
                  > (NULLIF($4, '')::uuid, $3))
              ORDER BY token_id, CASE kind WHEN 'chat' THEN 1 ELSE 2 END
              LIMIT $5",
    },
];
