//! Everything of a user, for who asks what is stored of them.

use halley_kit::export::Section;

/// In the order in which it is told. Of others only their uids are told.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        kind: "user",
        sql: "SELECT 1::bigint, '', json_build_object(
                  'uid', uid, 'name', name, 'avatar', avatar, 'link', link, 'role', role,
                  'statusMessage', status_message, 'metadata', NULLIF(metadata, '')::json, 'tags', tags, 'bot', bot,
                  'lastActiveAt', floor(extract(epoch FROM last_active_at))::bigint,
                  'createdAt', floor(extract(epoch FROM created_at))::bigint,
                  'updatedAt', floor(extract(epoch FROM updated_at))::bigint,
                  'deactivatedAt', floor(extract(epoch FROM deactivated_at))::bigint
              )::text
              FROM users
              WHERE app_id = $1 AND uid = $2 AND $3 = 0 AND $4 = ''
              LIMIT $5",
    },
    Section {
        kind: "friend",
        sql: "SELECT 0::bigint, friend_uid, json_build_object(
                  'uid', friend_uid, 'since', floor(extract(epoch FROM created_at))::bigint
              )::text
              FROM friends
              WHERE app_id = $1 AND uid = $2 AND $3 = 0 AND friend_uid > $4
              ORDER BY friend_uid
              LIMIT $5",
    },
    Section {
        kind: "blockedUser",
        sql: "SELECT 0::bigint, blocked_uid, json_build_object(
                  'uid', blocked_uid, 'since', floor(extract(epoch FROM blocked_at))::bigint
              )::text
              FROM blocks
              WHERE app_id = $1 AND uid = $2 AND $3 = 0 AND blocked_uid > $4
              ORDER BY blocked_uid
              LIMIT $5",
    },
];
