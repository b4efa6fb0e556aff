/** What an operator's role may not do is not offered, and a refusal is told plainly. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, browserOf, dialog, makeApp, row, signedIn, type TestApp, visit } from "./support";

let browser: Browser;
let app: TestApp;
const PASSWORD = "a long enough password";
const people = { moderator: "moderator@example.org", developer: "developer@example.org" };
const path = (rest: string) => `/apps/${app.appId}${rest}`;

beforeAll(async () => {
  browser = await browserOf({ afterAll });
  const { page, context } = await signedIn(browser);
  app = await makeApp(page, "Roles");
  await api(app, "POST", "/users", { uid: "ann", name: "Ann" });
  for (const [role, email] of Object.entries(people)) {
    await makeOperator(page, role, email);
    await makeCollaborator(page, role, email);
  }
  await context.close();
});

async function makeOperator(page: Page, name: string, email: string) {
  await visit(page, "/operators?new=1");
  await dialog(page).getByLabel(/^Name/).fill(name);
  await dialog(page).getByLabel("E-mail address").fill(email);
  await dialog(page).getByLabel("First password").fill(PASSWORD);
  await dialog(page).getByRole("button", { name: "Create operator" }).click();
  await row(page, email).waitFor();
}

async function makeCollaborator(page: Page, role: string, email: string) {
  await visit(page, path("/collaborators?new=1"));
  await dialog(page).getByLabel("E-mail address").fill(email);
  await dialog(page).getByLabel("Role in this app").selectOption(`${role}s`);
  await dialog(page).getByRole("button", { name: "Add", exact: true }).click();
  await row(page, email).waitFor();
}

const menu = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Main" }).getByRole("link", { name });

test("a moderator sees people and reports, and no keys, settings or operators", async () => {
  const { page, faults, context } = await signedIn(browser, { email: people.moderator, password: PASSWORD });
  await visit(page, path(""));
  await menu(page, "Moderation").waitFor();
  // The numbers of the overview are for every role.
  await page.locator("dd").filter({ hasText: /^\d/ }).first().waitFor();
  for (const name of ["Credentials", "Settings and limits", "Webhooks", "Bots", "Audit log", "Operators"]) {
    expect(await menu(page, name).count(), name).toBe(0);
  }
  expect(await page.getByRole("button", { name: "Archive" }).count()).toBe(0);
  await visit(page, path("/users/ann"));
  await page.getByRole("button", { name: "Deactivate" }).waitFor();
  await visit(page, path("/users/ann?tab=tokens"));
  expect(await page.getByRole("button", { name: "New auth token" }).count()).toBe(0);
  await page.getByRole("button", { name: "Sign out everywhere" }).waitFor();

  await visit(page, path("/credentials"));
  await page.getByText("Your role does not allow this.").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("a developer sees keys and hooks, and deletes nobody", async () => {
  const { page, faults, context } = await signedIn(browser, { email: people.developer, password: PASSWORD });
  await visit(page, path("/users/ann"));
  await menu(page, "Credentials").waitFor();
  await page.getByRole("button", { name: "Save" }).waitFor();
  expect(await page.getByRole("button", { name: "Deactivate" }).count()).toBe(0);
  await visit(page, path("/users/ann?tab=data"));
  await page.getByText("Your role may not erase users.").waitFor();
  expect(await page.getByRole("button", { name: "Erase this user" }).count()).toBe(0);

  await visit(page, path("/settings"));
  await page.getByText("only owners of the installation change them").waitFor();
  expect(await page.getByRole("button", { name: /^Save limits/ }).count()).toBe(0);
  await visit(page, "/operators");
  await page.getByText("Only owners of the installation manage operators.").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("the console refuses what the role may not do", async () => {
  const { page, context } = await signedIn(browser, { email: people.moderator, password: PASSWORD });
  await visit(page, path("/try-it?operation=list-apikeys"));
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("region", { name: "Answer" }).getByText("403").first().waitFor();
  await page.getByText("AUTH_ERR_NO_ACCESS").first().waitFor();
  await context.close();
});

test("an app of others is as good as none", async () => {
  const owner = await signedIn(browser);
  const other = await makeApp(owner.page, "Not theirs");
  await owner.context.close();
  const { page, context } = await signedIn(browser, { email: people.developer, password: PASSWORD });
  await visit(page, "/apps");
  await row(page, "Roles").waitFor();
  expect(await row(page, "Not theirs").count()).toBe(0);
  await visit(page, `/apps/${other.appId}/users`);
  await page.getByRole("alert").waitFor();
  await context.close();
});
