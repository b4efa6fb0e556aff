import type { ChatMessage, Target } from "./types";

export function keyOf(target: Target): string {
  return `${target.kind}/${target.id}`;
}

export function pathOf(target: Target): string {
  return `/${target.kind}/${encodeURIComponent(target.id)}`;
}

/** Where a message is shown: its conversation, with its thread if it lies in one, and the message to go to there. */
export function placeOf({ target, id, parentId }: ChatMessage): { path: string; at: string } {
  if (!parentId) return { path: pathOf(target), at: id };
  return { path: `${pathOf(target)}?panel=thread&thread=${parentId}`, at: parentId };
}

export function isSame(a: Target | undefined, b: Target | undefined): boolean {
  return !!a && !!b && a.kind === b.kind && a.id === b.id;
}
