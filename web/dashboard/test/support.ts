/** What the browser tests share. */

import {
  launchBrowser,
  openPage,
  type PageOptions,
  sharedPlatform,
  type WatchedPage,
} from "@halley-chat/testkit";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";

const { rest, management } = sharedPlatform();
export const BASE = `${rest}/dashboard`;
export const OWNER = { email: management.email ?? "", password: management.password ?? "" };

/** Longest wait for anything on a page; a machine may have more to do than this test. */
const WAIT_MS = 30_000;

/** An app that a test made, with its keys. */
export type TestApp = { appId: string; name: string; restApiKey: string; authKey: string };

/** Calls the API as a program does: over HTTP, with a key. Gives `data`; throws when the call is refused. */
export async function api(app: TestApp, method: string, path: string, body?: unknown, onBehalfOf?: string) {
  const response = await fetch(`${rest}/v3${path}`, {
    method,
    headers: {
      appid: app.appId,
      apikey: app.restApiKey,
      "content-type": "application/json",
      ...(onBehalfOf ? { onbehalfof: onBehalfOf } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { data: Record<string, unknown> };
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.data;
}

/** Sends a text as a user; gives the message's id. */
export async function say(
  app: TestApp,
  from: string,
  to: { user: string } | { group: string },
  text: string,
) {
  const [receiverType, receiver] = "user" in to ? ["user", to.user] : ["group", to.group];
  const body = { receiver, receiverType, category: "message", type: "text", data: { text } };
  return String((await api(app, "POST", "/messages", body, from)).id);
}

/** Waits until a call is refused by a code that begins so: other processes hear of a change a moment after it is made. */
export async function refused(call: () => Promise<unknown>, code = "ERR") {
  const answer = () =>
    call().then(
      () => "not refused",
      (error: Error) => error.message,
    );
  await expect.poll(answer, { timeout: WAIT_MS }).toContain(code);
}

/** One browser for a file of tests. */
export async function browserOf(file: { afterAll: (end: () => Promise<void>) => void }): Promise<Browser> {
  const browser = await launchBrowser();
  file.afterAll(() => browser.close());
  return browser;
}

/** A page on which an operator is signed in. */
export async function signedIn(
  browser: Browser,
  who: { email: string; password: string } = OWNER,
  options: PageOptions = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  watched.page.setDefaultTimeout(WAIT_MS);
  await signIn(watched.page, who);
  return watched;
}

/** Fills in the log-in form. */
export async function signIn(page: Page, who: { email: string; password: string }, path = "/login") {
  await page.goto(`${BASE}${path}`);
  await page.getByLabel("E-mail address").fill(who.email);
  await page.getByLabel("Password", { exact: true }).fill(who.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("link", { name: "Halley" }).waitFor();
}

/** Goes to a page and waits until it shows what it asked the server for. */
export async function visit(page: Page, path: string) {
  await page.goto(`${BASE}${path}`);
  await settled(page);
}

/** Until nothing on the page is loading any more. */
export async function settled(page: Page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => {
    const waiting = [...document.querySelectorAll("[role=status]")].some((element) =>
      /^Loading/.test(element.getAttribute("aria-label") ?? element.textContent ?? ""),
    );
    return !waiting && document.querySelector('[aria-busy="true"]') === null;
  });
}

/** The window that is open. */
export function dialog(page: Page) {
  return page.getByRole("dialog");
}

/** Waits for a note that something is done. */
export async function told(page: Page, text: string) {
  await page.getByText(text, { exact: false }).first().waitFor();
}

/** The row of a table that holds a text. */
export function row(page: Page, text: string) {
  return page.getByRole("row").filter({ hasText: text });
}

/** Makes an app in the browser; gives it with the keys that were shown. */
export async function makeApp(page: Page, name: string): Promise<TestApp> {
  await visit(page, "/apps");
  await page.getByRole("button", { name: "New app" }).click();
  await dialog(page).getByLabel(/^Name/).fill(name);
  await dialog(page).getByRole("button", { name: "Create app" }).click();
  const keys = page.getByRole("dialog", { name: `${name} is ready` });
  await keys.waitFor();
  const value = async (label: string) => {
    const beside = keys.getByRole("button", { name: label }).locator("xpath=preceding-sibling::code");
    return (await beside.textContent()) ?? "";
  };
  const app = {
    name,
    appId: await value("Copy the app id"),
    restApiKey: await value("Copy the REST API key"),
    authKey: await value("Copy the Auth key"),
  };
  expect(app.restApiKey).toMatch(/^[0-9a-f]{40}$/);
  await keys.getByRole("button", { name: "I have them" }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  return app;
}
