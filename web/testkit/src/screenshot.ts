import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const FOLDER = fileURLToPath(new URL("../../test-results/", import.meta.url));

/** Whether pictures are asked for. They take long, and are for eyes only. */
export const isPictured = Boolean(process.env.HALLEY_SCREENSHOTS);

/** Leaves a picture of what a page shows in `test-results/`, if pictures are asked for by `HALLEY_SCREENSHOTS=1`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!isPictured) return;
  await mkdir(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name.replaceAll(" ", "-")}.png`), animations: "disabled" });
}
