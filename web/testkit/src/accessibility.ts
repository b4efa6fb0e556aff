import axe from "axe-core";
import type { Page } from "playwright-core";

/** How a check is narrowed. */
export interface AccessibilityOptions {
  /** Check only within this element. */
  readonly within?: string;
  /** Rules to leave out, each with its reason where it is called. */
  readonly except?: readonly string[];
}

/** Checks what a page shows by the rules of WCAG 2.2 AA and good practice. One line for each fault; empty if there are none. */
export async function accessibilityFaults(page: Page, options: AccessibilityOptions = {}): Promise<string[]> {
  // The driver's own scripts are not bound by the page's policy.
  await page.evaluate(axe.source);
  const found = await page.evaluate(
    async ({ within, except }) => {
      // What fades in is judged as it is then; what turns for ever is not waited for.
      const ending = document
        .getAnimations()
        .filter(({ playState }) => playState === "running")
        .filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
      await Promise.allSettled(ending.map((animation) => animation.finished));
      const { axe: engine } = globalThis as unknown as { axe: typeof axe };
      const rules = Object.fromEntries(except.map((rule) => [rule, { enabled: false }]));
      const result = await engine.run(within ?? document, { rules, resultTypes: ["violations"] });
      return result.violations.map(({ id, help, nodes }) => ({
        id,
        help,
        nodes: nodes.map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary ?? ""})`),
      }));
    },
    { within: options.within, except: [...(options.except ?? [])] },
  );
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 5).join("; ")}`);
}
