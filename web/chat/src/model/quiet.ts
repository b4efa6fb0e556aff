import { useSyncExternalStore } from "react";
import { kept } from "./kept";
import { keyOf } from "./target";
import type { Target } from "./types";

const NOBODY: readonly string[] = [];
/** Conversations that make no noise on this device, with whose they are. */
const muted = kept(localStorage, "halley-chat.muted", NOBODY);
/** Whether the system's notices were asked for. */
const wished = kept(localStorage, "halley-chat.notices", false);

function nameOf(me: string, target: Target): string {
  return `${me}/${keyOf(target)}`;
}

export function isMuted(me: string, target: Target): boolean {
  return muted.getSnapshot().includes(nameOf(me, target));
}

export function mute(me: string, target: Target, on: boolean): void {
  const name = nameOf(me, target);
  const others = muted.getSnapshot().filter((other) => other !== name);
  muted.put(on ? [...others, name] : others);
}

export function useMuted(me: string, target: Target): boolean {
  return useSyncExternalStore(muted.subscribe, () => isMuted(me, target));
}

/** `refused`: by the browser; only there that can be changed. */
export type Notices = "on" | "off" | "refused" | "missing";

function notices(): Notices {
  if (!("Notification" in globalThis)) return "missing";
  if (Notification.permission === "denied") return "refused";
  return wished.getSnapshot() && Notification.permission === "granted" ? "on" : "off";
}

export function useNotices(): Notices {
  return useSyncExternalStore(wished.subscribe, notices);
}

/** To be called by a click alone: browsers hold it against pages that ask unasked. */
export async function wishNotices(on: boolean): Promise<void> {
  const granted = on && (await Notification.requestPermission()) === "granted";
  wished.put(granted);
}

/** Shows a notice of the system, if those are on; tells whether it did. */
export function notice(title: string, body: string, tag: string, open: () => void): boolean {
  if (notices() !== "on") return false;
  const shown = new Notification(title, { body, tag });
  shown.onclick = () => {
    shown.close();
    globalThis.focus();
    open();
  };
  return true;
}
