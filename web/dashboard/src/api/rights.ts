/**
 * What an operator of a role may do in an app, as the server decides it. It is asked only so that what would be refused is
 * not offered; the server checks every call.
 */

export type OperatorRole = "owner" | "admin" | "moderator" | "developer";
export const OPERATOR_ROLES: OperatorRole[] = ["owner", "admin", "moderator", "developer"];

export type Area =
  | "app"
  | "users"
  | "export"
  | "tokens"
  | "groups"
  | "messages"
  | "roles"
  | "moderation"
  | "metrics"
  | "keys"
  | "bots"
  | "webhooks"
  | "settings"
  | "team"
  | "audit";

/** Read, create or change, delete. */
export type Act = "R" | "C" | "D";

/** In the order of the roles: owner and admin, moderator, developer; `crates/model/src/team.rs` decides. */
export const MATRIX: Record<Area, [string, string, string]> = {
  app: ["RC", "R", "R"],
  users: ["RCD", "RCD", "RC"],
  export: ["R", "R", ""],
  tokens: ["RCD", "D", "RCD"],
  groups: ["RCD", "RCD", "RC"],
  messages: ["RCD", "RCD", "RC"],
  roles: ["RCD", "RCD", "RC"],
  moderation: ["RCD", "RCD", "R"],
  metrics: ["R", "R", "R"],
  keys: ["RCD", "", "RCD"],
  bots: ["RCD", "", "RCD"],
  webhooks: ["RCD", "", "RCD"],
  settings: ["RCD", "", "RCD"],
  team: ["RC", "R", "R"],
  audit: ["R", "", ""],
};

const COLUMN: Record<OperatorRole, 0 | 1 | 2> = { owner: 0, admin: 0, moderator: 1, developer: 2 };

/** Whether a role allows an act in an area of an app. */
export function may(role: OperatorRole, area: Area, act: Act): boolean {
  return MATRIX[area][COLUMN[role]].includes(act);
}
