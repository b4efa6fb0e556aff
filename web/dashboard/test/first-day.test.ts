/** From the first log-in to a new app whose keys work, and out again. */

import { openPage } from "@halley-chat/testkit";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, BASE, browserOf, makeApp, OWNER, row, settled, signedIn, signIn, told, visit } from "./support";

let browser: Browser;
beforeAll(async () => {
  browser = await browserOf({ afterAll });
});

test("from the first log-in to a new app whose keys work", async () => {
  const { page, faults, context } = await signedIn(browser);
  const app = await makeApp(page, "First day");

  await api(app, "POST", "/users", { uid: "ann", name: "Ann of the first day" });
  await page.getByRole("link", { name: "Users", exact: true }).click();
  await row(page, "Ann of the first day").waitFor();

  await page.getByRole("link", { name: "Credentials" }).click();
  await row(page, "REST API key").waitFor();
  expect(await page.locator("main").textContent()).not.toContain(app.restApiKey);

  expect(faults).toEqual([]);
  await context.close();
});

test("a wrong password is told, and a log-in leads to where one wanted to go", async () => {
  const { page, faults, context } = await openPage(browser);
  await page.goto(`${BASE}/account`);
  await page.getByLabel("E-mail address").fill(OWNER.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Address or password is wrong.").waitFor();

  await page.getByLabel("Password", { exact: true }).fill(OWNER.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Account" }).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("who signs out sees nothing any more, neither by the way back nor in another tab", async () => {
  const { page, faults, context } = await signedIn(browser);
  const other = await context.newPage();
  await visit(other, "/apps");
  await visit(page, "/operators");
  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Halley dashboard" }).waitFor();

  await page.goBack();
  await page.getByRole("heading", { name: "Halley dashboard" }).waitFor();
  // The other tab still shows what it had; its next question ends it.
  await other.getByRole("link", { name: "Operators" }).click();
  await other.getByRole("heading", { name: "Halley dashboard" }).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("a new operator changes the first password and logs in by the new one", async () => {
  const first = { email: "fresh@example.org", password: "the first password" };
  const { page, context } = await signedIn(browser);
  await visit(page, "/operators?new=1");
  const window = page.getByRole("dialog");
  await window.getByLabel(/^Name/).fill("Fresh");
  await window.getByLabel("E-mail address").fill(first.email);
  await window.getByLabel("First password").fill(first.password);
  await window.getByRole("button", { name: "Create operator" }).click();
  await row(page, "Fresh").waitFor();
  await context.close();

  const own = await signedIn(browser, first);
  await visit(own.page, "/account");
  await own.page.getByLabel("Password until now").fill(first.password);
  await own.page.getByLabel(/^New password(?! once)/).fill("a password of my own");
  await own.page.getByLabel("New password once more").fill("a password of my own");
  await own.page.getByRole("button", { name: "Change password" }).click();
  await told(own.page, "The password is changed");
  await own.page.getByRole("heading", { name: "Halley dashboard" }).waitFor();
  await signIn(own.page, { email: first.email, password: "a password of my own" });
  await settled(own.page);
  expect(own.faults).toEqual([]);
  await own.context.close();
});
