//! Bodies about groups and their members.

use halley_wire::schema::MemberScope;
use utoipa::ToSchema;

use super::{Json, Tag};

/// Users by the place that they get in a group; 25 at most, all lists together.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MemberLists {
    /// Admins to be.
    #[schema(max_items = 25)]
    admins: Option<Vec<String>>,
    /// Moderators to be.
    #[schema(max_items = 25)]
    moderators: Option<Vec<String>>,
    /// Participants to be.
    #[schema(max_items = 25)]
    participants: Option<Vec<String>>,
    /// Users to ban.
    #[schema(max_items = 25)]
    users_to_ban: Option<Vec<String>>,
}

/// A user who joins gives the password; the app's server side, and members, give the lists.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct JoinOrAdd {
    /// The group's password.
    password: Option<String>,
    /// Admins to be.
    #[schema(max_items = 25)]
    admins: Option<Vec<String>>,
    /// Moderators to be.
    #[schema(max_items = 25)]
    moderators: Option<Vec<String>>,
    /// Participants to be.
    #[schema(max_items = 25)]
    participants: Option<Vec<String>>,
    /// Users to ban.
    #[schema(max_items = 25)]
    users_to_ban: Option<Vec<String>>,
}

/// A group to make.
#[derive(ToSchema)]
pub struct NewGroup {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    guid: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// How one gets in; `public` without it.
    #[schema(rename = "type")]
    kind: Option<GroupTypeWord>,
    /// Of a group of the type `password`, which needs one.
    #[schema(max_length = 100)]
    password: Option<String>,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    icon: Option<String>,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// The uid of its owner; the acting user without it.
    owner: Option<String>,
    /// Labels.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Its first members.
    members: Option<MemberLists>,
}

/// How one gets into a group; an empty word is none, `protected` is `password`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupTypeWord {
    /// Everybody may join.
    Public,
    /// Who knows the password may join.
    Password,
    /// The same.
    Protected,
    /// Members are added.
    Private,
    /// Not given.
    #[schema(rename = "")]
    Empty,
}

/// Changes to a group. What is absent stays.
#[derive(ToSchema)]
pub struct GroupChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// How one gets in.
    #[schema(rename = "type")]
    kind: Option<GroupTypeWord>,
    /// A new password.
    #[schema(max_length = 100)]
    password: Option<String>,
    /// Address of a picture.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    icon: Option<String>,
    /// What it is about.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 5 KiB at most.
    metadata: Option<Json>,
    /// The uid of its new owner; read only of the app itself.
    owner: Option<String>,
    /// Labels; they replace all that there were.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// Fields to clear.
    #[schema(inline)]
    unset: Option<Vec<GroupUnset>>,
}

/// Fields of a group that can be cleared.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum GroupUnset {
    /// The picture.
    Icon,
    /// The description.
    Description,
    /// The metadata.
    Metadata,
}

/// Who gets a group.
#[derive(ToSchema)]
pub struct NewOwner {
    /// The uid of a member.
    #[schema(min_length = 1)]
    owner: String,
}

/// A member's new scope.
#[derive(ToSchema)]
pub struct NewScope {
    /// The scope; `participant` without it.
    scope: Option<MemberScope>,
}
