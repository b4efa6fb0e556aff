import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";

/** Takes a picture of what a page shows, into `test-results/` of the package. Gives the file's path. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const folder = join(process.cwd(), "test-results");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: "disabled" });
  return path;
}
