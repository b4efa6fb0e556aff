import { openPage, type PageOptions, type WatchedPage } from "@halley-chat/testkit";
import type { Browser } from "playwright-core";

/** The longest wait, in ms: builds and other tests may run beside these. */
const PATIENCE = 30_000;

export async function openPatiently(browser: Browser, options: PageOptions = {}): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  watched.page.setDefaultTimeout(PATIENCE);
  return watched;
}
