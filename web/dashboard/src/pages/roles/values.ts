import type { Permission } from "../../api/types";

/** Whether the value is one word of a few. */
export function isWord(permission: Pick<Permission, "dataType">): boolean {
  return permission.dataType === "string";
}

/** Whether nothing else was set. */
export function isDefault(permission: Pick<Permission, "value" | "defaultValue">): boolean {
  return JSON.stringify(permission.value) === JSON.stringify(permission.defaultValue);
}

/** A value for people. */
export function shown(value: string | string[]): string {
  if (typeof value === "string") return value;
  return value.length === 0 ? "no limit" : value.join(", ");
}
