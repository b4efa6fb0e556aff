//! Everything of a user, for who asks what is stored of them.

use halley_kit::export::Section;

/// In the order in which it is told.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        kind: "groupMembership",
        sql: "SELECT 0::bigint, m.guid, json_build_object(
                  'guid', m.guid, 'name', g.name, 'isOwner', g.owner = m.uid,
                  'scope', CASE m.scope WHEN 3 THEN 'admin' WHEN 2 THEN 'moderator' ELSE 'participant' END,
                  'joinedAt', floor(extract(epoch FROM m.joined_at))::bigint
              )::text
              FROM members AS m
              JOIN groups AS g ON g.app_id = m.app_id AND g.guid = m.guid
              WHERE m.app_id = $1 AND m.uid = $2 AND $3 = 0 AND m.guid > $4
              ORDER BY m.guid
              LIMIT $5",
    },
    Section {
        kind: "groupBan",
        sql: "SELECT 0::bigint, guid, json_build_object(
                  'guid', guid, 'bannedAt', floor(extract(epoch FROM banned_at))::bigint
              )::text
              FROM bans
              WHERE app_id = $1 AND uid = $2 AND $3 = 0 AND guid > $4
              ORDER BY guid
              LIMIT $5",
    },
];
