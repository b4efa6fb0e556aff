import type { Demo, PageOptions } from "@halley-chat/testkit";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { openPatiently } from "./page";

/** Somebody in front of a browser. */
export interface Someone {
  readonly uid: string;
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the policy forbade, and errors that nobody caught. */
  readonly faults: readonly string[];
}

/** Signs in at an edge of the platform, by the address of a demo, as a user of it. */
export async function signIn(
  browser: Browser,
  rest: string,
  demo: Demo,
  uid: string,
  options: PageOptions = {},
): Promise<Someone> {
  const { page, context, faults } = await openPatiently(browser, options);
  const users = demo.users.map((user) => user.uid).join(",");
  await page.goto(`${rest}/chat/#app=${demo.appId}&key=${demo.authKey}&users=${users}`);
  await page.getByRole("button", { name: `Sign in as ${uid}`, exact: true }).click();
  await page.getByRole("navigation", { name: "Conversations" }).waitFor();
  return { uid, page, context, faults };
}

/** Goes to the list, with no conversation beside it. */
export async function home({ page }: Someone): Promise<void> {
  await page.evaluate(() => {
    location.hash = "#/";
  });
  await page.getByText("Pick a conversation").waitFor();
}

/** Opens the conversation with a user or of a group. */
export async function open({ page }: Someone, kind: "user" | "group", id: string): Promise<void> {
  await page.evaluate((path) => {
    location.hash = path;
  }, `#/${kind}/${id}`);
  await field(page).waitFor();
}

export function field(page: Page): Locator {
  return page.getByRole("textbox", { name: /^Message to / });
}

/** A message that is shown in the conversation. */
export function message(page: Page, text: string | RegExp): Locator {
  return page
    .getByRole("log", { name: /^Messages with / })
    .locator("[data-message]")
    .filter({ hasText: text });
}

export async function say({ page }: Someone, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}

/** Does something of the menu of a message. */
export async function act({ page }: Someone, text: string | RegExp, item: string): Promise<void> {
  await message(page, text).hover();
  await message(page, text).getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

/** Waits until an own message has come so far. */
export async function delivery(page: Page, text: string, state: string): Promise<void> {
  await message(page, text)
    .and(page.locator(`[data-delivery="${state}"]`))
    .waitFor();
}
