/**
 * Every page: within the policy, without a fault of accessibility, on a desktop in light colours and, a few, on a phone in dark
 * ones. With HALLEY_SCREENSHOTS=1 every page in all four forms, and pictures of them are left in test-results/.
 */

import { accessibilityFaults, isPictured, openPage, screenshot, VIEWPORTS } from "@halley-chat/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, BASE, browserOf, makeApp, say, settled, signedIn, type TestApp, visit } from "./support";

let page: Page;
let faults: readonly string[];
let app: TestApp;
let message: string;

beforeAll(async () => {
  const browser = await browserOf({ afterAll });
  const login = await openPage(browser);
  await login.page.goto(`${BASE}/login`);
  await inItsForms(login.page, "login");
  expect(login.faults).toEqual([]);
  await login.context.close();
  ({ page, faults } = await signedIn(browser));
  app = await makeApp(page, "Observatory");
  message = await furnish(app);
  await api(app, "POST", "/users/user1/auth_tokens", {});
});

/** Something to see on every page; gives the id of a message. */
async function furnish(of: TestApp): Promise<string> {
  await api(of, "POST", "/roles", { role: "guest", name: "Guest", description: "Looks around" });
  for (let number = 0; number < 30; number++) {
    const tags = number % 3 === 0 ? ["night", "telescope"] : [];
    const role = number % 7 === 0 ? "guest" : "default";
    await api(of, "POST", "/users", { uid: `user${number}`, name: `Star gazer ${number}`, tags, role });
  }
  await api(of, "POST", "/groups", {
    guid: "dome",
    name: "The dome",
    type: "public",
    owner: "user0",
    tags: ["night"],
  });
  await api(of, "PUT", "/groups/dome/members", {
    participants: ["user1", "user2", "user3"],
    moderators: ["user4"],
  });
  await api(of, "POST", "/groups/dome/bannedusers/user3");
  await api(of, "POST", "/users/user1/friends", { accepted: ["user2"] });
  await api(of, "POST", "/users/user1/blockedusers", { blockedUids: ["user5"] });
  await api(of, "POST", "/bots", { uid: "user9" });
  await api(of, "POST", "/roles/guest/restrictedfeatures", { featuresToRestrict: ["createGroup"] });
  let id = "";
  for (let number = 0; number < 12; number++) {
    const to = number % 2 === 0 ? { group: "dome" } : { user: "user2" };
    id = await say(of, "user1", to, `Observation ${number}: the comet is brighter than last night`);
  }
  await api(of, "POST", `/messages/${id}/flagged`, { reasonId: "spam", remark: "Again and again" }, "user2");
  return id;
}

/** The app's pages by name. */
const PAGES: Record<string, string> = {
  overview: "",
  credentials: "/credentials",
  "new-key": "/credentials?new=1",
  users: "/users",
  "new-user": "/users?new=1",
  user: "/users/user1",
  tokens: "/users/user1?tab=tokens",
  friends: "/users/user1?tab=friends",
  blocked: "/users/user1?tab=blocked",
  data: "/users/user1?tab=data",
  "no-user": "/users/nobody",
  bots: "/bots",
  groups: "/groups",
  "new-group": "/groups?new=1",
  group: "/groups/dome",
  members: "/groups/dome?tab=members",
  banned: "/groups/dome?tab=banned",
  scopes: "/groups/dome?tab=permissions",
  messages: "/messages",
  message: "/messages/:message",
  "edit-message": "/messages/:message?edit=1",
  reports: "/moderation",
  decided: "/moderation?tab=decided",
  reasons: "/moderation?tab=reasons",
  roles: "/roles",
  role: "/roles/guest",
  "role-permissions": "/roles/guest?tab=permissions",
  "forbidden-calls": "/roles/guest?tab=features",
  permissions: "/permissions",
  webhooks: "/webhooks",
  "new-webhook": "/webhooks?new=1",
  settings: "/settings",
  collaborators: "/collaborators",
  audit: "/audit",
  "try-it": "/try-it?operation=create-user",
};

test.each(Object.entries(PAGES))("of an app: %s", async (name, path) => {
  await visit(page, `/apps/${app.appId}${path.replace(":message", message)}`);
  await inItsForms(page, name);
  expect(faults).toEqual([]);
});

test.each([
  ["apps", "/apps"],
  ["new-app", "/apps?new=1"],
  ["operators", "/operators"],
  ["new-operator", "/operators?new=1"],
  ["live", "/live"],
  ["audit-of-all", "/audit"],
  ["account", "/account"],
  ["missing", "/nowhere"],
])("of the installation: %s", async (name, path) => {
  await visit(page, path);
  await inItsForms(page, name);
  expect(faults).toEqual([]);
});

test("a phone reaches every page by the drawer, with the keyboard alone", async () => {
  await page.setViewportSize(VIEWPORTS.phone);
  await visit(page, `/apps/${app.appId}`);
  const burger = page.getByRole("button", { name: "Navigation" });
  await burger.focus();
  await page.keyboard.press("Enter");
  const link = page.getByRole("dialog").getByRole("link", { name: "Groups" });
  await link.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Groups" }).waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // Who came by keyboard or screen reader is at the new page's heading.
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
  await page.setViewportSize(VIEWPORTS.desktop);
});

type Form = { device: keyof typeof VIEWPORTS; scheme: "light" | "dark" };
const DESKTOP: Form = { device: "desktop", scheme: "light" };
const PHONE: Form = { device: "phone", scheme: "dark" };
const ALL: Form[] = [
  DESKTOP,
  PHONE,
  { device: "desktop", scheme: "dark" },
  { device: "phone", scheme: "light" },
];
/** Pages that together have every kind of thing there is: these are checked on a phone in dark colours, too. */
const ON_PHONES = new Set([
  "login",
  "overview",
  "live",
  "new-key",
  "users",
  "user",
  "members",
  "message",
  "permissions",
  "settings",
  "try-it",
]);

async function inItsForms(of: Page, name: string) {
  await settled(of);
  const checked = ON_PHONES.has(name) ? [DESKTOP, PHONE] : [DESKTOP];
  for (const { device, scheme } of isPictured ? ALL : checked) {
    await of.setViewportSize(VIEWPORTS[device]);
    await of.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await of.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor();
    expect(await accessibilityFaults(of), `${name}, ${device}, ${scheme}`).toEqual([]);
    expect(await overflow(of), `${name}, ${device}: wider than the screen`).toBeLessThanOrEqual(0);
    await screenshot(of, `dashboard-${name}-${device}-${scheme}`);
  }
  await of.setViewportSize(VIEWPORTS.desktop);
  await of.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}

/** By how many pixels the page is wider than what shows it. */
function overflow(of: Page): Promise<number> {
  return of.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
