//! Shapes of answers: the keys that must be there, and what the values of all known keys are like. More keys are allowed.
//!
//! A shape is a word: `str`, `id` (a whole number as text), `int`, `num`, `flag`, `obj`, `any`, `ts` (Unix seconds), `ms`
//! (Unix milliseconds), `iso` (a time as text), `hex40`, `true`, `=a,b` (one of these words), `@Name` (an entity of the
//! table), `[x]` (a list), `{x}` (an object whose values are all such).

use serde_json::Value;

/// Entities: `key:shape`, with `?` behind keys that may be absent or null.
const ENTITIES: &[(&str, &str)] = &[
    ("Done", "success:true message:str"),
    ("Fate", "success:flag message?:str data?:obj error?:@Error"),
    ("Error", "code:str message:str devMessage?:str source?:str details?:obj"),
    ("Page", "total:int count:int per_page:int current_page:int total_pages:int"),
    ("Current", "limit:int count:int"),
    ("Cursor", "affix:=append,prepend id?:id sentAt?:ts updatedAt?:ts"),
    ("ApiKey", "apiKey:hex40 name:str scope:=authOnly,fullAccess createdAt:ts"),
    ("Token", "uid:str authToken:str createdAt:ts platform?:str userAgent?:str appInfo?:obj"),
    (
        "Role",
        "role:str name:str createdAt:ts updatedAt?:ts description?:str metadata?:obj settings?:{=all,friendsOnly}",
    ),
    ("Feature", "title:str description:str key:str path:str createdAt:ts"),
    (
        "Permission",
        "id:str type:=role,scope title:str description:str dataType:=string,stringArray,rolesStringArray,customStringArray \
         availableValues:[str] defaultValue:any createdAt:ts updatedAt:ts",
    ),
    (
        "User",
        "uid:str name:str role:str status:=offline,available createdAt?:ts avatar?:str link?:str statusMessage?:str \
         metadata?:obj tags?:[str] lastActiveAt?:ts updatedAt?:ts deactivatedAt?:ts authToken?:str conversationId?:str \
         blockedByMe?:flag blockedByMeAt?:ts hasBlockedMe?:flag blockedAt?:ts",
    ),
    (
        "Blocked",
        "uid:str name:str role:str status:=offline,available createdAt:ts conversationId:str blockedByMe:true \
         blockedByMeAt:ts blockedAt:ts",
    ),
    (
        "Group",
        "guid:str name:str type:=public,private,password owner:str membersCount:int conversationId:str createdAt:ts \
         updatedAt?:ts updatedBy?:str icon?:str description?:str metadata?:obj tags?:[str] hasJoined:flag \
         scope?:=admin,moderator,participant joinedAt?:ts onlineMembersCount?:int",
    ),
    ("Member", "uid:str name:str role:str status:=offline,available scope:=admin,moderator,participant joinedAt:ts"),
    ("Scope", "guid:str uid:str scope:=admin,moderator,participant joinedAt:ts"),
    ("Banned", "uid:str name:str role:str status:=offline,available isBanned:true bannedAt:ts"),
    ("Outcomes", "admins:{@Fate} moderators:{@Fate} participants:{@Fate} usersToBan:{@Fate}"),
    (
        "Message",
        "id:id muid?:str conversationId:str sender:str receiver:str receiverType:=user,group \
         category:=message,custom,action,call,interactive,card type:str data:@Data sentAt:ts updatedAt:ts deliveredAt?:ts \
         readAt?:ts editedAt?:ts editedBy?:str deletedAt?:ts deletedBy?:str parentId?:id replyCount?:int tags?:[str] \
         quotedMessageId?:id pinnedBy?:str pinnedAt?:ts savedAt?:ts",
    ),
    (
        "Data",
        "entities:{@Entity} text?:str metadata?:obj attachments?:[@Attachment] customData?:obj url?:str action?:str \
         reactions?:[@Count]",
    ),
    ("Entity", "entity:obj entityType:=user,group,message,call"),
    ("Attachment", "url:str name:str mimeType:str extension:str size:any"),
    ("Count", "reaction:str count:int reactedByMe?:true"),
    ("Reaction", "id:id messageId:id reaction:str uid:str reactedAt:ts reactedBy:@User"),
    (
        "Conversation",
        "conversationId:str conversationType:=user,group unreadMessageCount:id createdAt:ts updatedAt:ts \
         lastMessage?:@Message conversationWith:obj uid?:str tags?:[str] pinnedBy?:str pinnedAt?:ts",
    ),
    ("Pin", "conversationId:str conversationType:=user,group pinnedBy:str pinnedAt:ts"),
    ("Unpinned", "conversationId:str conversationType:=user,group"),
    ("Usage", "audio_minutes:num video_minutes:num recorded_minutes:num active_users:int concurrent_users:int"),
    ("UsageOfRange", "metrics:@Usage time_range:@UsageRange"),
    ("UsageRange", "fromDate:ms toDate:ms"),
    ("Receipts", "startTime:id endTime:id dataPoints:[@ReceiptPoint] appId:str"),
    ("ReceiptPoint", "messagesSent:int readReceipts:int deliveryReceipts:int startTime:any endTime:any"),
    (
        "Call",
        "sessionId:str mid:any type:=audio,video mode:=call,meet,presenter initiator:any receiver:any \
         receiverType:=user,group status:=initiated,ongoing,rejected,cancelled,canceled,busy,unanswered,ended \
         initiatedAt:ts totalAudioMinutes:num totalVideoMinutes:num totalDurationInMinutes:num totalDuration:str \
         totalParticipants:int hasRecording:flag hasTranscription:flag participants:[@CallParticipant]",
    ),
    ("CallParticipant", "uid:str isJoined:flag state:=ongoing,ended,unanswered,rejected"),
    ("Reason", "id:str name:str createdAt:any updatedAt:any description?:str"),
    ("Flag", "uid:str name:str reasonId:str reasonName:str flaggedAt:any"),
    (
        "Flagged",
        "id:id conversationId:str sender:str receiver:str category:str type:str data:obj sentAt:ts appId:str \
         flaggedBy:[@Flag] flaggedCount:int",
    ),
    (
        "PushToken",
        "authToken:str pushTokenType:str platform:str providerId:str pushToken:str uid:str createdAt:iso updatedAt:iso",
    ),
    ("PushTokens", "pushTokens:[@PushToken]"),
    (
        "App",
        "id:str name:str plan:str state:str owner:int region:str createdAt:ts appOwner?:@AppOwner appRegion:@AppRegion \
         apiKeys?:{@AppKey}",
    ),
    ("AppOwner", "id:int name:str email:str"),
    ("AppRegion", "id:str name:str description:str"),
    ("AppKey", "apiKey:hex40 name:str scope:=authOnly,fullAccess createdBy:str"),
    ("Deletion", "success:true scheduledToDeleteAt:ts"),
    ("Collaboration", "admins:{@Fate} developers:{@Fate} moderators:{@Fate} collaboratorsToRemove:{@Fate}"),
    ("Collaborator", "id:int name:str email:str role:=admin,developer,moderator createdAt:ts"),
    (
        "Webhook",
        "id:str name:str webhookURL:str useBasicAuth?:flag username?:str enabled?:flag createdAt:ts updatedAt:ts",
    ),
    ("Trigger", "id:str description:str"),
    ("Tenant", "name:str email:str createdAt:ts contactNumber?:any app:@TenantApp"),
    ("TenantApp", "name:str appId:str region:str authKey:hex40 apiKey:hex40 createdAt:ts plan:str"),
    ("Operator", "id:str email:str name:str role:=owner,admin,moderator,developer createdAt:ts"),
    ("Actor", "id:str name:str email:str"),
    ("Action", "id:id operator:@Actor appId?:str operation:str parameters:{str} status?:int at:ts"),
    ("ManagementKey", "key:str createdAt:ts"),
    (
        "Node",
        "id:str version:str startedAt:ts renewedAt:ts connections:int framesIn:num framesOut:num memoryBytes?:int \
         apps:[@NodeApp]",
    ),
    ("NodeApp", "appId:str connections:int"),
    ("Connections", "stepSeconds:int points:[@ConnectionsPoint]"),
    ("ConnectionsPoint", "at:ts connections:int"),
    ("AppConnections", "connections:int nodes:[@AppNode] stepSeconds:int points:[@ConnectionsPoint]"),
    ("AppNode", "id:str connections:int"),
    ("Exported", "kind:str data:obj"),
    ("Upload", "request:@UploadRequest attachment:@Attachment expiresAt:any"),
    ("UploadRequest", "url:str method:=POST body:{str}"),
];

/// Adds what is wrong with a value to the faults; each names the place.
pub fn check(shape: &str, value: &Value, place: &str, faults: &mut Vec<String>) {
    if let Some(name) = shape.strip_prefix('@') {
        return entity(name, value, place, faults);
    }
    if let Some(inner) = inside(shape, '[', ']') {
        let Some(rows) = value.as_array() else { return wrong(shape, value, place, faults) };
        return rows.iter().enumerate().for_each(|(n, row)| check(inner, row, &format!("{place}[{n}]"), faults));
    }
    if let Some(inner) = inside(shape, '{', '}') {
        let Some(map) = value.as_object() else { return wrong(shape, value, place, faults) };
        return map.iter().for_each(|(key, value)| check(inner, value, &format!("{place}.{key}"), faults));
    }
    if !is_like(shape, value) {
        wrong(shape, value, place, faults);
    }
}

fn inside(shape: &str, open: char, close: char) -> Option<&str> {
    shape.strip_prefix(open)?.strip_suffix(close)
}

fn entity(name: &str, value: &Value, place: &str, faults: &mut Vec<String>) {
    let Some((_, keys)) = ENTITIES.iter().find(|(known, _)| *known == name) else {
        panic!("there is no entity {name}")
    };
    let Some(map) = value.as_object() else { return wrong(&format!("@{name}"), value, place, faults) };
    for key in keys.split_whitespace() {
        let (key, shape) = key.split_once(':').unwrap_or_else(|| panic!("{name}: {key}"));
        let (key, optional) = key.strip_suffix('?').map_or((key, false), |key| (key, true));
        match map.get(key) {
            Some(Value::Null) if optional => {}
            Some(value) => check(shape, value, &format!("{place}.{key}"), faults),
            None if optional => {}
            None => faults.push(format!("{place}: a {name} has no {key}")),
        }
    }
}

fn wrong(shape: &str, value: &Value, place: &str, faults: &mut Vec<String>) {
    let shown: String = value.to_string().chars().take(300).collect();
    faults.push(format!("{place} is no {shape}: {shown}"));
}

fn is_like(shape: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let between = |least: i64, most: i64| value.as_i64().is_some_and(|number| (least..most).contains(&number));
    match shape {
        "any" => true,
        "str" => value.is_string(),
        "id" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        "int" => value.is_i64(),
        "num" => value.is_number(),
        "flag" => value.is_boolean(),
        "true" => *value == Value::Bool(true),
        "obj" => value.is_object(),
        "ts" => between(1_000_000_000, 10_000_000_000),
        "ms" => between(1_000_000_000_000, 10_000_000_000_000),
        "iso" => text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z'),
        "hex40" => text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        _ => match shape.strip_prefix('=') {
            Some(words) => words.split(',').any(|word| word == text),
            None => panic!("there is no shape {shape}"),
        },
    }
}

/// Adds where a value differs from what is expected: objects may have more keys, lists have the same length, and null stands
/// for a key that is not there.
pub fn compare(expected: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    match (expected, value) {
        (Value::Object(expected), Value::Object(map)) => {
            for (key, expected) in expected {
                compare(expected, map.get(key).unwrap_or(&Value::Null), &format!("{place}.{key}"), faults);
            }
        }
        (Value::Array(expected), Value::Array(rows)) if expected.len() == rows.len() => {
            for (n, (expected, row)) in expected.iter().zip(rows).enumerate() {
                compare(expected, row, &format!("{place}[{n}]"), faults);
            }
        }
        (expected, value) if expected == value => {}
        (expected, value) => {
            let shown: String = value.to_string().chars().take(400).collect();
            faults.push(format!("{place} should be {expected}, and is {shown}"));
        }
    }
}

#[test]
fn a_shape_tells_what_differs() {
    let faults = |shape: &str, value: Value| {
        let mut faults = Vec::new();
        check(shape, &value, "it", &mut faults);
        faults
    };
    let key = "0123456789abcdef0123456789abcdef01234567";
    let good =
        serde_json::json!({"apiKey": key, "name": "k", "scope": "authOnly", "createdAt": 1_700_000_000, "more": 1});
    assert_eq!(faults("@ApiKey", good.clone()), [] as [String; 0]);
    assert_eq!(faults("[@ApiKey]", serde_json::json!([good, {}])).len(), 4);
    assert_eq!(faults("=a,b", serde_json::json!("c")), ["it is no =a,b: \"c\""]);
    assert_eq!(faults("{ts}", serde_json::json!({"a": 1_700_000_000_000_i64})).len(), 1);
    let mut differs = Vec::new();
    compare(
        &serde_json::json!({"a": [1, {"b": null}]}),
        &serde_json::json!({"a": [1, {"b": 2}], "c": 3}),
        "it",
        &mut differs,
    );
    assert_eq!(differs, ["it.a[1].b should be null, and is 2"]);
}
