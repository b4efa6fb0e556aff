import type { Page } from "playwright-core";

const REPORT = "__halleyPolicyViolation";

/**
 * Gathers what a page's content security policy forbade, and errors that nobody caught. To be asked for before the page is
 * opened.
 */
export async function watchPolicy(page: Page): Promise<readonly string[]> {
  const faults: string[] = [];
  await page.exposeFunction(REPORT, (text: string) => faults.push(text));
  await page.addInitScript((report) => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const tell = (globalThis as unknown as Record<string, (text: string) => void>)[report];
      tell?.(
        `policy: ${event.violatedDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`,
      );
    });
  }, REPORT);
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  return faults;
}
