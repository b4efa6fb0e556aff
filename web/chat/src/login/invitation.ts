/** What the address of a demo brings: `#app=ID&key=AUTHKEY&users=a,b,c`. A fragment is never sent to a server. */
export interface Invitation {
  readonly appId: string;
  readonly authKey: string;
  readonly users: readonly string[];
}

export function parseInvitation(fragment: string): Invitation | null {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const appId = given.get("app")?.trim();
  if (!appId) return null;
  const users = (given.get("users") ?? "").split(",").map((uid) => uid.trim());
  return { appId, authKey: given.get("key")?.trim() ?? "", users: users.filter(Boolean) };
}

const KEPT = "halley-chat.invitation";

/** Reads it, and takes it out of the address bar and the history. It lasts as long as the tab. */
export function takeInvitation(): Invitation | null {
  const found = parseInvitation(location.hash);
  if (!found) return kept();
  history.replaceState(null, "", location.pathname + location.search);
  sessionStorage.setItem(KEPT, JSON.stringify(found));
  return found;
}

function kept(): Invitation | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}
