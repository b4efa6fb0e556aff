import { useSyncExternalStore } from "react";
import { kept } from "./kept";
import { keyOf } from "./target";
import type { Target } from "./types";

type Drafts = Readonly<Record<string, string>>;

const NONE: Drafts = {};
/** What was begun and not sent, by conversation and thread; kept as long as the tab, or until its user signs out. */
const drafts = kept(sessionStorage, "halley-chat.drafts", NONE);

export function draftKey(target: Target, parentId = ""): string {
  return `${keyOf(target)}/${parentId}`;
}

export function draftOf(key: string): string {
  return drafts.getSnapshot()[key] ?? "";
}

export function keepDraft(key: string, text: string): void {
  const { [key]: _, ...others } = drafts.getSnapshot();
  drafts.put(text.trim() ? { ...others, [key]: text } : others);
}

export function forgetDrafts(): void {
  drafts.put(NONE);
}

/** The draft of a conversation, as it changes. */
export function useDraftOf(target: Target): string {
  return useSyncExternalStore(drafts.subscribe, () => draftOf(draftKey(target)));
}
