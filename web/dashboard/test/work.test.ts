/** What operators do every day: users, groups, messages, reports, rights, webhooks, settings. */

import { readFile } from "node:fs/promises";
import { screenshot } from "@halley-chat/testkit";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  api,
  browserOf,
  dialog,
  makeApp,
  refused,
  row,
  say,
  settled,
  signedIn,
  type TestApp,
  told,
  visit,
} from "./support";

let page: Page;
let context: BrowserContext;
let faults: readonly string[];
let app: TestApp;
const path = (rest: string) => `/apps/${app.appId}${rest}`;

beforeAll(async () => {
  const browser = await browserOf({ afterAll });
  ({ page, context, faults } = await signedIn(browser));
  app = await makeApp(page, "Work");
  for (const uid of ["ann", "bob", "cy", "dee"]) {
    await api(app, "POST", "/users", { uid, name: `${uid} of work` });
  }
});

afterAll(async () => {
  expect(faults).toEqual([]);
  await context.close();
});

/** Answers the question that is open. */
async function confirm(label: string, typed?: string) {
  if (typed) await dialog(page).getByRole("textbox").fill(typed);
  await dialog(page).getByRole("button", { name: label }).click();
}

test("a user is created, found, changed, deactivated, brought back", async () => {
  await visit(page, path("/users?new=1"));
  await dialog(page).getByLabel("uid").fill("eve");
  await dialog(page).getByLabel(/^Name/).fill("Eve of work");
  await dialog(page).getByRole("button", { name: "Create user" }).click();
  await page.getByRole("heading", { name: "Eve of work" }).waitFor();

  await page.getByLabel(/^Name/).fill("Eve, renamed");
  await page.getByLabel("Metadata").fill('{"team": "night"}');
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Eve, renamed" }).waitFor();
  expect(await api(app, "GET", "/users/eve")).toMatchObject({ metadata: { team: "night" } });

  await page.getByRole("button", { name: "Deactivate" }).click();
  await confirm("Deactivate");
  await page.getByRole("button", { name: "Reactivate" }).waitFor();
  await visit(page, path("/users"));
  await page.getByLabel("Search").fill("eve");
  await page.getByText("No user is like that.").waitFor();
  await page.getByLabel("State").selectOption({ label: "Deactivated" });
  await page.getByRole("link", { name: "Eve, renamed" }).click();
  await page.getByRole("button", { name: "Reactivate" }).click();
  await page.getByRole("button", { name: "Deactivate" }).waitFor();
  expect(await api(app, "GET", "/users/eve")).toMatchObject({ uid: "eve" });
});

test("a user's tokens, friends and blocks", async () => {
  await visit(page, path("/users/ann?tab=tokens"));
  await page.getByRole("button", { name: "New auth token" }).click();
  await dialog(page).getByText(/^ann_/).waitFor();
  await dialog(page).getByRole("button", { name: "I have it" }).click();
  await page.getByRole("button", { name: /^End the token/ }).click();
  await confirm("End");
  await page.getByText("The user has no auth token").waitFor();

  await visit(page, path("/users/ann?tab=friends"));
  await page.getByRole("button", { name: "Add friends" }).click();
  await dialog(page).getByLabel("uids").fill("bob, nobody-at-all");
  await dialog(page).getByRole("button", { name: "Add friends" }).click();
  await dialog(page).getByText("nobody-at-all:").waitFor();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Remove the friend bob of work" }).click();
  await confirm("Remove");
  await page.getByText("No friends.").waitFor();

  await visit(page, path("/users/ann?tab=blocked"));
  await page.getByRole("button", { name: "Block users" }).click();
  await dialog(page).getByLabel("uids").fill("cy");
  await dialog(page).getByRole("button", { name: "Block users" }).click();
  await page.getByRole("button", { name: "Unblock cy of work" }).click();
  await confirm("Unblock");
  await page.getByText("Nobody.").waitFor();
});

test("a user's data are exported, all pages of them", async () => {
  await api(app, "POST", "/users", { uid: "writer", name: "Writer" });
  await api(app, "POST", "/users/writer/friends", { accepted: ["ann"] });
  await api(app, "POST", "/groups", { guid: "desk", name: "Desk", type: "public", owner: "writer" });
  for (let number = 1; number <= 5; number++) await say(app, "writer", { user: "ann" }, `line ${number}`);
  await say(app, "ann", { user: "writer" }, "not the writer's");
  await visit(page, path("/users/writer?tab=data"));
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export this user" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("writer.jsonl");
  const lines = (await readFile(await file.path(), "utf8")).trimEnd().split("\n");
  const rows = lines.map((line) => JSON.parse(line));
  const of = (kind: string) => rows.filter((row) => row.kind === kind).map((row) => row.data);
  expect(of("user")).toMatchObject([{ uid: "writer" }]);
  expect(of("friend")).toMatchObject([{ uid: "ann" }]);
  expect(of("groupMembership")).toMatchObject([{ guid: "desk", scope: "admin" }]);
  const texts = of("message").filter((message) => message.type === "text");
  expect(texts.map((message) => message.data.text)).toEqual(
    [1, 2, 3, 4, 5].map((number) => `line ${number}`),
  );
});

test("a user is erased only by who types the uid", async () => {
  await api(app, "POST", "/users", { uid: "gone", name: "Gone" });
  await visit(page, path("/users/gone?tab=data"));
  await page.getByRole("button", { name: "Erase this user" }).click();
  await dialog(page).getByRole("textbox").fill("ann");
  expect(await dialog(page).getByRole("button", { name: "Erase this user" }).isDisabled()).toBe(true);
  await confirm("Erase this user", "gone");
  await told(page, "The user is deleted");
  await refused(() => api(app, "GET", "/users/gone"), "ERR_UID_NOT_FOUND");
});

test("a group is created, and its people are added, moved, kicked, banned, brought back", async () => {
  await visit(page, path("/groups?new=1"));
  await dialog(page).getByLabel("guid").fill("crew");
  await dialog(page).getByLabel("Owner").fill("ann");
  await dialog(page).getByLabel(/^Name/).fill("The crew");
  await dialog(page).getByRole("button", { name: "Create group" }).click();
  await page.getByRole("heading", { name: "The crew" }).waitFor();

  await page.getByRole("tab", { name: "Members" }).click();
  await page.getByRole("button", { name: "Add members" }).click();
  await dialog(page).getByLabel("uids").fill("bob cy dee");
  await dialog(page).getByRole("button", { name: "Add", exact: true }).click();
  await page.getByLabel("Scope of bob of work").selectOption("moderator");
  await told(page, "The scope is changed");
  await page.getByRole("button", { name: "Kick cy of work" }).click();
  await confirm("Kick");
  await page.getByRole("button", { name: "Kick cy of work" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Ban dee of work" }).click();
  await confirm("Ban");
  await page.getByRole("tab", { name: "Banned" }).click();
  await page.getByRole("button", { name: "Lift the ban of dee of work" }).click();
  await confirm("Lift the ban");
  await page.getByText("Nobody is banned.").waitFor();

  await page.getByRole("tab", { name: "Details" }).click();
  await page.getByRole("button", { name: "Change owner" }).click();
  await dialog(page).getByLabel("uid of the new owner").fill("bob");
  await dialog(page).getByRole("button", { name: "Change owner" }).click();
  await page.getByRole("link", { name: "bob", exact: true }).waitFor();
  expect(await api(app, "GET", "/groups/crew")).toMatchObject({ owner: "bob" });
});

test("messages are found by search, user and group, walked by pages, edited and deleted", async () => {
  await api(app, "POST", "/groups", { guid: "talk", name: "Talk", type: "public", owner: "ann" });
  const first = await say(app, "ann", { user: "bob" }, "a comet over the observatory");
  await say(app, "ann", { group: "talk" }, "to the whole group");
  for (let number = 1; number <= 35; number++) await say(app, "bob", { user: "cy" }, `number ${number}`);

  await visit(page, path("/messages"));
  await row(page, "number 35").waitFor();
  expect(await row(page, "observatory").count()).toBe(0);
  await page.getByRole("button", { name: "Older" }).click();
  await row(page, "observatory").waitFor();
  await page.getByRole("button", { name: "Newest" }).click();
  await row(page, "number 35").waitFor();
  await page.getByLabel("In group (guid)").fill("talk");
  await page.keyboard.press("Enter");
  await row(page, "to the whole group").waitFor();
  expect(await row(page, "number 35").count()).toBe(0);

  await visit(page, path("/messages"));
  await page.getByLabel("Search").fill("observatory");
  await row(page, "number 35").waitFor({ state: "detached" });
  await page.getByRole("link", { name: `Open message ${first}` }).click();
  await page.getByRole("button", { name: "Edit" }).click();
  await dialog(page).getByLabel("Text").fill("an edited comet");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await told(page, "The message is edited");
  expect(await api(app, "GET", `/messages/${first}`)).toMatchObject({ data: { text: "an edited comet" } });
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await confirm("Delete");
  await told(page, "The message is deleted");
  expect(await api(app, "GET", `/messages/${first}`)).toHaveProperty("deletedAt");
});

test("a report is decided, and the decision can be changed", async () => {
  const id = await say(app, "cy", { user: "ann" }, "something nasty");
  await api(app, "POST", `/messages/${id}/flagged`, { reasonId: "spam", remark: "look here" }, "ann");
  await visit(page, path("/moderation"));
  await row(page, "something nasty").getByText("look here").waitFor();
  await page.getByRole("button", { name: `Block message ${id}` }).click();
  await page.getByText("Nothing waits for a decision.").waitFor();
  await page.getByRole("tab", { name: "Decided" }).click();
  await row(page, "something nasty").getByText("blocked").waitFor();
  await page.getByRole("button", { name: `Approve message ${id}` }).click();
  await row(page, "something nasty").getByText("approved").waitFor();

  await page.getByRole("tab", { name: "Reasons" }).click();
  await page.getByRole("button", { name: "New reason" }).click();
  await dialog(page).getByLabel("Id").fill("offtopic");
  await dialog(page).getByLabel(/^Name/).fill("Off topic");
  await dialog(page).getByRole("button", { name: "Create reason" }).click();
  await row(page, "offtopic").waitFor();
});

test("a role's permission denies at once, and goes back to its default", async () => {
  await visit(page, path("/roles?new=1"));
  await dialog(page).getByLabel("Id").fill("guest");
  await dialog(page).getByLabel(/^Name/).fill("Guest");
  await dialog(page).getByRole("button", { name: "Create role" }).click();
  await page.getByRole("heading", { name: "Guest" }).waitFor();
  await api(app, "PUT", "/users/dee", { role: "guest" });

  await visit(page, path("/permissions"));
  const cell = page.getByLabel("Send messages, Guest");
  await cell.selectOption("deny");
  await page.locator('[data-set="true"]').first().waitFor();
  await refused(() => say(app, "dee", { user: "ann" }, "refused"));
  await cell.selectOption("allow");
  await page.locator('[data-set="true"]').first().waitFor({ state: "detached" });
  const again = () => say(app, "dee", { user: "ann" }, "allowed again").catch(() => "");
  await expect.poll(again, { timeout: 30_000 }).not.toBe("");
});

test("a webhook is created, told what to tell, switched off and deleted", async () => {
  await visit(page, path("/webhooks?new=1"));
  await dialog(page).getByLabel("Id").fill("hook");
  await dialog(page).getByLabel(/^Name/).fill("Hook");
  await dialog(page).getByLabel("Address").fill("https://127.0.0.1:9/hook");
  await dialog(page).getByRole("button", { name: "Create webhook" }).click();
  await page.getByRole("heading", { name: "Hook", exact: true }).waitFor();
  await page.getByRole("tab", { name: "Triggers" }).click();
  await page.getByLabel("message_sent").check();
  await page.getByRole("button", { name: "Save triggers" }).click();
  await told(page, "The triggers are saved");
  await page.reload();
  await settled(page);
  expect(await page.getByLabel("message_sent").isChecked()).toBe(true);
  await page.getByRole("tab", { name: "Deliveries" }).click();
  await page.getByText("Nothing was delivered yet.").waitFor();
  await page.getByRole("button", { name: "Send a test" }).click();
  await told(page, "The test is on its way");
  await page.getByRole("row").filter({ hasText: "failed" }).getByRole("button", { name: "ping" }).click();
  await dialog(page).getByRole("region", { name: "Call 3" }).getByText("no-connection").waitFor();
  await dialog(page).getByRole("region", { name: "What is sent" }).getByText('"trigger": "ping"').waitFor();
  await screenshot(page, "dashboard-delivery");
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  await screenshot(page, "dashboard-deliveries");
  await page.getByRole("tab", { name: "Details" }).click();
  await page.getByLabel("Enabled").uncheck({ force: true });
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("h1 + *").getByText("off").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await confirm("Delete");
  await page.getByText("There is no webhook.").waitFor();
});

test("a limit is in force at once, and a wrong one is refused before it is sent", async () => {
  await visit(page, path("/settings"));
  const limit = page.getByLabel("limits.roles", { exact: true });
  await limit.fill("5000");
  await page.getByText("At most 1000", { exact: true }).waitFor();
  await limit.fill("1");
  await page.getByRole("button", { name: "Save limits.roles" }).click();
  await page.getByRole("button", { name: "Default for limits.roles" }).waitFor();
  await refused(() => api(app, "POST", "/roles", { role: `one-more-${Date.now()}`, name: "One more" }));
  await page.getByRole("button", { name: "Default for limits.roles" }).click();
  await page.getByRole("button", { name: "Default for limits.roles" }).waitFor({ state: "detached" });
});

test("a new key works until it is deleted", async () => {
  await visit(page, path("/credentials?new=1"));
  await dialog(page).getByLabel(/^Name/).fill("Second");
  await dialog(page)
    .getByLabel(/REST API key/)
    .check();
  await dialog(page).getByRole("button", { name: "Create key" }).click();
  const shown = page.getByRole("dialog", { name: "The key is ready" });
  const key = (await shown.locator("code").first().textContent()) ?? "";
  const second = { ...app, restApiKey: key };
  await api(second, "GET", "/users");
  await shown.getByRole("button", { name: "I have them" }).click();
  await page.getByRole("button", { name: /^Delete the key Second/ }).click();
  await confirm("Delete");
  await row(page, "Second").waitFor({ state: "detached" });
  await refused(() => api(second, "GET", "/users"), "AUTH_ERR");
});

test("the console makes a call and shows its answer", async () => {
  await visit(page, path("/try-it?operation=create-user"));
  await page.getByLabel("Body", { exact: true }).fill('{"uid": "typed", "name": "Typed in"}');
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("region", { name: "Answer" }).getByText("200").first().waitFor();
  expect(await api(app, "GET", "/users/typed")).toMatchObject({ name: "Typed in" });
});

test("what was done stands in the audit log", async () => {
  await visit(page, path("/audit?operation=create-user"));
  await row(page, "create-user").first().getByText("200").waitFor();
});
