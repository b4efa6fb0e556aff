/** API keys' scopes for people. */

export const KEY_SCOPES = [
  { value: "authOnly", label: "Auth key: creates users and their auth tokens" },
  { value: "fullAccess", label: "REST API key: may do everything in the app" },
] as const;

/** A scope's name. */
export function scopeName(scope: "authOnly" | "fullAccess"): string {
  return scope === "fullAccess" ? "REST API key" : "Auth key";
}

/** Enough of a key to tell it from others, and not enough to use it. */
export function masked(key: string): string {
  return `${key.slice(0, 6)}…${key.slice(-4)}`;
}
