//! Everything of a user, for who asks what is stored of them. What others wrote is theirs and not told.

use halley_kit::export::Section;

/// In the order in which it is told.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        kind: "conversation",
        sql: "SELECT p.conversation_id, '', json_build_object(
                  'conversationId', regexp_replace(regexp_replace(regexp_replace(c.conversation_key,
                      '^x:(.*):[0-9]+$', '\\1'), '^g:', 'group_'), '^u:([^:]*):(.*)$', '\\1_user_\\2'),
                  'tags', p.tags,
                  'lastReadMessageId', NULLIF(p.read_message_id, 0)::text,
                  'readAt', floor(extract(epoch FROM p.read_at))::bigint,
                  'lastDeliveredMessageId', NULLIF(p.delivered_message_id, 0)::text,
                  'deliveredAt', floor(extract(epoch FROM p.delivered_at))::bigint,
                  'leftAt', floor(extract(epoch FROM p.left_at))::bigint
              )::text
              FROM participants AS p
              JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
              WHERE p.app_id = $1 AND p.uid = $2 AND p.conversation_id > $3 AND $4 = ''
              ORDER BY p.conversation_id
              LIMIT $5",
    },
    // All conversations are looked through: an import stores messages of who has no place there. No more than so many at
    // once, each by the index of a sender's own messages.
    Section {
        kind: "message",
        sql: "WITH looked AS (
                  SELECT conversation_id, conversation_key
                  FROM conversations
                  WHERE app_id = $1 AND conversation_id >= $3
                  ORDER BY conversation_id
                  LIMIT 5000
              ), found AS (
                  SELECT m.conversation_id, m.sequence, json_build_object(
                      'id', m.message_id::text,
                      'conversationId', regexp_replace(regexp_replace(regexp_replace(looked.conversation_key,
                          '^x:(.*):[0-9]+$', '\\1'), '^g:', 'group_'), '^u:([^:]*):(.*)$', '\\1_user_\\2'),
                      'muid', m.muid,
                      'category', CASE m.category WHEN 1 THEN 'message' WHEN 2 THEN 'custom' WHEN 3 THEN 'interactive'
                          WHEN 4 THEN 'action' WHEN 5 THEN 'call' ELSE 'card' END,
                      'type', m.type,
                      'data', m.data,
                      'tags', m.tags,
                      'parentMessageId', m.parent_id::text,
                      'quotedMessageId', m.quoted_message_id::text,
                      'onUser', m.action_on_uid,
                      'deviceId', NULLIF(m.device_id, ''),
                      'sentAt', floor(extract(epoch FROM m.sent_at))::bigint,
                      'editedAt', floor(extract(epoch FROM m.edited_at))::bigint,
                      'deletedAt', floor(extract(epoch FROM m.deleted_at))::bigint
                  )::text AS row
                  FROM looked
                  CROSS JOIN LATERAL (
                      SELECT *
                      FROM messages AS m
                      WHERE m.app_id = $1 AND m.conversation_id = looked.conversation_id AND m.sender_uid = $2
                          AND m.sequence > CASE WHEN looked.conversation_id > $3 THEN 0
                              ELSE COALESCE(NULLIF($4, '')::bigint, 0) END
                          AND NOT m.erased
                      ORDER BY m.sequence
                      LIMIT $5
                  ) AS m
                  ORDER BY m.conversation_id, m.sequence
                  LIMIT $5
              )
              SELECT page.conversation_id, page.sequence::text AS place, page.row
              FROM (
                  SELECT conversation_id, sequence, row FROM found
                  UNION ALL
                  SELECT max(conversation_id), 9223372036854775807, NULL
                  FROM looked
                  HAVING count(*) = 5000 AND (SELECT count(*) FROM found) < $5
              ) AS page
              ORDER BY page.conversation_id, page.sequence",
    },
    Section {
        kind: "reaction",
        sql: "SELECT reaction_id, '', json_build_object(
                  'messageId', message_id::text, 'reaction', reaction,
                  'reactedAt', floor(extract(epoch FROM reacted_at))::bigint
              )::text
              FROM reactions
              WHERE app_id = $1 AND uid = $2 AND reaction_id > $3 AND $4 = ''
              ORDER BY reaction_id
              LIMIT $5",
    },
    Section {
        kind: "savedMessage",
        sql: "SELECT message_id, '', json_build_object(
                  'messageId', message_id::text, 'savedAt', floor(extract(epoch FROM saved_at))::bigint
              )::text
              FROM saves
              WHERE app_id = $1 AND uid = $2 AND message_id > $3 AND $4 = ''
              ORDER BY message_id
              LIMIT $5",
    },
    Section {
        kind: "interaction",
        sql: "SELECT message_id, element_id, json_build_object(
                  'messageId', message_id::text, 'elementId', element_id,
                  'interactedAt', floor(extract(epoch FROM interacted_at))::bigint
              )::text
              FROM interactions
              WHERE app_id = $1 AND uid = $2 AND (message_id, element_id) > ($3, $4 COLLATE \"C\")
              ORDER BY message_id, element_id
              LIMIT $5",
    },
    Section {
        kind: "thread",
        sql: "SELECT parent_id, '', json_build_object(
                  'parentMessageId', parent_id::text, 'participates', participates, 'subscribed', subscribed,
                  'since', floor(extract(epoch FROM created_at))::bigint
              )::text
              FROM thread_members
              WHERE app_id = $1 AND uid = $2 AND parent_id > $3 AND $4 = ''
              ORDER BY parent_id
              LIMIT $5",
    },
    Section {
        kind: "pinnedConversation",
        sql: "SELECT 0::bigint, conversation_key, json_build_object(
                  'conversationId', regexp_replace(regexp_replace(conversation_key, '^g:', 'group_'),
                      '^u:([^:]*):(.*)$', '\\1_user_\\2'),
                  'pinnedAt', floor(extract(epoch FROM pinned_at))::bigint
              )::text
              FROM conversation_pins
              WHERE app_id = $1 AND uid = $2 AND $3 = 0 AND conversation_key > $4
              ORDER BY conversation_key
              LIMIT $5",
    },
    Section {
        kind: "flag",
        sql: "SELECT message_id, '', json_build_object(
                  'messageId', message_id::text, 'reasonId', reason_id, 'reason', reason_name, 'remark', remark,
                  'flaggedAt', floor(extract(epoch FROM flagged_at))::bigint
              )::text
              FROM message_flags
              WHERE app_id = $1 AND uid = $2 AND message_id > $3 AND $4 = ''
              ORDER BY message_id
              LIMIT $5",
    },
    Section {
        kind: "call",
        sql: "SELECT (extract(epoch FROM p.initiated_at) * 1000000)::bigint, p.session_id, json_build_object(
                  'sessionId', p.session_id,
                  'initiated', c.initiator_uid = p.uid,
                  'type', CASE c.type WHEN 2 THEN 'video' ELSE 'audio' END,
                  'deviceId', NULLIF(p.device_id, ''),
                  'initiatedAt', floor(extract(epoch FROM p.initiated_at))::bigint,
                  'joinedAt', floor(extract(epoch FROM p.joined_at))::bigint,
                  'leftAt', floor(extract(epoch FROM p.left_at))::bigint,
                  'seconds', p.seconds
              )::text
              FROM call_participants AS p
              JOIN calls AS c ON c.app_id = p.app_id AND c.session_id = p.session_id
              WHERE p.app_id = $1 AND p.uid = $2
                  AND ((extract(epoch FROM p.initiated_at) * 1000000)::bigint, p.session_id) > ($3, $4 COLLATE \"C\")
              ORDER BY p.initiated_at, p.session_id
              LIMIT $5",
    },
    // The days between the app's first and last ones, each looked up: the user has no index of their own there.
    Section {
        kind: "activeDay",
        sql: "SELECT a.day - DATE '1970-01-01', '', json_build_object('day', a.day)::text
              FROM generate_series(
                  GREATEST(
                      (SELECT min(day) FROM active_users WHERE app_id = $1), DATE '1970-01-01' + ($3 + 1)::integer
                  )::timestamp,
                  (SELECT max(day) FROM active_users WHERE app_id = $1)::timestamp,
                  INTERVAL '1 day'
              ) AS asked (day)
              JOIN active_users AS a ON a.app_id = $1 AND a.uid = $2 AND a.day = asked.day::date
              WHERE $4 = ''
              ORDER BY a.day
              LIMIT $5",
    },
];
