export * from "./call.js";
export * from "./conversation.js";
export * from "./group.js";
export { compareIds, newMuid } from "./ids.js";
export type { Json, JsonObject } from "./json.js";
export * from "./message.js";
export * from "./receiver.js";
export * from "./user.js";
