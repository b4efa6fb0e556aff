import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { watchPolicy } from "./policy.js";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Without them Chromium asks the network for things of its own. Camera and microphone are made up; few pictures spare two cores. */
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream=fps=5",
];
const WAIT_MS = 20_000;

/** A phone and a desktop. */
export const VIEWPORTS = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
} as const;

/** Starts Chromium, with an empty profile. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    chromiumSandbox: process.getuid?.() !== 0,
    args: FLAGS,
  });
}

/** How a page is opened. */
export interface PageOptions {
  readonly viewport?: keyof typeof VIEWPORTS;
  readonly colorScheme?: "light" | "dark";
  readonly context?: BrowserContextOptions;
}

/** A page of its own profile, and what its browser had to complain of. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the policy forbade, and errors that nobody caught; empty in a good page. */
  readonly faults: readonly string[];
}

/** Opens a page. All waits in it end after 20 s. */
export async function openPage(browser: Browser, options: PageOptions = {}): Promise<WatchedPage> {
  const { viewport = "desktop", colorScheme = "light" } = options;
  const context = await browser.newContext({
    viewport: VIEWPORTS[viewport],
    colorScheme,
    ...(viewport === "phone" && { hasTouch: true, isMobile: true }),
    ...options.context,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  return { page, context, faults: await watchPolicy(page) };
}
