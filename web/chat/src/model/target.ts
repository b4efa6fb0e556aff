import type { Target } from "./types";

export function keyOf(target: Target): string {
  return `${target.kind}/${target.id}`;
}

export function pathOf(target: Target): string {
  return `/${target.kind}/${encodeURIComponent(target.id)}`;
}

export function isSame(a: Target | undefined, b: Target | undefined): boolean {
  return !!a && !!b && a.kind === b.kind && a.id === b.id;
}
