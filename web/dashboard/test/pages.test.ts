/**
 * Every page: within the policy, without a fault of accessibility, on a desktop in light colours and, a few, on a phone in dark
 * ones. With HALLEY_SCREENSHOTS=1 every page in all four forms, and pictures of them are left in test-results/.
 */

import { accessibilityFaults, isPictured, openPage, screenshot, VIEWPORTS } from "@halley-chat/testkit";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  api,
  BASE,
  browserOf,
  dialog,
  makeApp,
  OWNER,
  say,
  settled,
  signedIn,
  type TestApp,
  visit,
} from "./support";

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

/** What breaks a page that is made for short words from left to right. */
const LONG = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft";
const ARABIC = "عبد الرحمن بن عبد العزيز الأندلسي";
const TAGS = Array.from({ length: 25 }, (_, at) => `tag-number-${at}`);

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
  await api(of, "POST", "/users", { uid: "extreme", name: LONG, tags: TAGS, statusMessage: ARABIC });
  await api(of, "POST", "/users", { uid: "rtl", name: ARABIC });
  await api(of, "POST", "/groups", {
    guid: LONG.slice(0, 60),
    name: `${LONG.slice(0, 60)} ${ARABIC}`,
    type: "private",
    owner: "rtl",
  });
  await say(of, "extreme", { user: "rtl" }, `${LONG.repeat(4)} ${ARABIC}`);
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

const go = (path: string) => () => visit(page, `/apps/${app.appId}${path}`);
const press = (name: string | RegExp) => page.getByRole("button", { name }).first().click();

/** Goes to a page whose calls end so. */
async function broken(path: string, calls: string, how: "fails" | "waits") {
  await page.route(calls, (route) => (how === "fails" ? route.abort() : undefined));
  await page.goto(`${BASE}/apps/${app.appId}${path}`);
  const sign = how === "fails" ? page.getByRole("alert") : page.getByRole("status", { name: /^Loading/ });
  await sign.first().waitFor();
}

/** States that are rarer, and windows that hold nothing but what other pages have: looked at where pictures are taken. */
const STATES: Record<string, () => Promise<unknown>> = {
  "users-loading": () => broken("/users", "**/v3/users?*", "waits"),
  "users-failing": () => broken("/users", "**/v3/users?*", "fails"),
  "overview-failing": () => broken("", "**/v3/stats*", "fails"),
  "live-failing": async () => {
    await page.route("**/v3/nodes*", (route) => route.abort());
    await page.goto(`${BASE}/live`);
    await page.getByRole("alert").first().waitFor();
  },
  "user-extreme": go("/users/extreme"),
  "users-extreme": go(`/users?q=${LONG.slice(0, 20)}`),
  "users-none": go("/users?q=nobody-is-called-so"),
  "group-extreme": go(`/groups/${LONG.slice(0, 60)}`),
  "messages-extreme": go("/messages?user=rtl"),
  "no-app": () => visit(page, "/apps/nowhere"),
  "no-group": go("/groups/nowhere"),
  "no-message": go("/messages/99999999999"),
  "audit-of-one": async () => {
    await visit(page, "/audit");
    await page.getByRole("row").nth(1).getByRole("button").click();
    await press("All operators").catch(() => {});
    await visit(page, "/audit");
    await page.getByRole("row").nth(1).getByRole("button").click();
    await page.getByText(/^Only what/).waitFor();
  },
  archive: async () => {
    await go("")();
    await press(/^Archive/);
    await dialog(page).waitFor();
  },
  json: async () => {
    await go("/messages")();
    await press(/^Raw JSON/);
    await dialog(page).waitFor();
  },
  "add-members": async () => {
    await go("/groups/dome?tab=members")();
    await press("Add members");
    await dialog(page).waitFor();
  },
  kick: async () => {
    await go("/groups/dome?tab=members")();
    await press(/^Kick/);
    await dialog(page).waitFor();
  },
  "new-role": go("/roles?new=1"),
  "add-collaborator": go("/collaborators?new=1"),
  "new-reason": async () => {
    await go("/moderation?tab=reasons")();
    await press("New reason");
    await dialog(page).waitFor();
  },
  "edit-operator": async () => {
    await visit(page, "/operators");
    await press(/^Edit/);
    await dialog(page).waitFor();
  },
  "operators-keys": async () => {
    await visit(page, "/operators");
    await press(/^Management keys of/);
    await dialog(page).getByRole("table").waitFor();
  },
  "operator-menu": async () => {
    await visit(page, "/apps");
    await press(/^Account of/);
    await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
  },
  answer: async () => {
    await go("/try-it?operation=list-users")();
    await press("Send");
    await page.getByRole("region", { name: "Answer" }).getByText("200").first().waitFor();
  },
  "user-form-refused": async () => {
    await go("/users?new=1")();
    await dialog(page).getByLabel("uid").fill("user1");
    await dialog(page).getByLabel(/^Name/).fill("Twice");
    await dialog(page).getByRole("button", { name: "Create user" }).click();
    await dialog(page).getByRole("alert").waitFor();
  },
  ...Object.fromEntries(
    ["users", "groups", "messages", "moderation", "bots", "audit", ""].map((name) => [
      `first-use-${name || "overview"}`,
      () => visit(page, `/apps/${bare.appId}/${name}`),
    ]),
  ),
};

/** An app with nothing in it. */
let bare: TestApp;

describe.runIf(isPictured)("rarer", () => {
  beforeAll(async () => {
    bare = await makeApp(page, "Bare");
  });
  afterEach(() => page.unrouteAll({ behavior: "ignoreErrors" }));
  test.each(Object.entries(STATES))("state: %s", async (name, to) => {
    await to();
    await inItsForms(page, name, false);
  });

  test("a phone's drawer", async () => {
    await visit(page, `/apps/${app.appId}`);
    await page.setViewportSize(VIEWPORTS.phone);
    await press("Navigation");
    await dialog(page).getByRole("link", { name: "Try it" }).waitFor();
    await inItsForms(
      page,
      "drawer",
      false,
      ALL.filter(({ device }) => device === "phone"),
    );
    await page.keyboard.press("Escape");
  });

  test("a wrong password", async () => {
    const login = await openPage(page.context().browser() ?? fail());
    await login.page.goto(`${BASE}/login`);
    await login.page.getByLabel("E-mail address").fill(OWNER.email);
    await login.page.getByLabel("Password", { exact: true }).fill("wrong");
    await login.page.getByRole("button", { name: "Log in" }).click();
    await login.page.getByRole("alert").waitFor();
    await inItsForms(login.page, "login-refused");
    await login.context.close();
  });
});

function fail(): never {
  throw new Error("there is no browser");
}

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

async function inItsForms(of: Page, name: string, settles = true, forms = ALL) {
  if (settles) await settled(of);
  const checked = ON_PHONES.has(name) ? [DESKTOP, PHONE] : [DESKTOP];
  // A menu stands in no landmark.
  const except = name === "operator-menu" ? ["region"] : [];
  for (const { device, scheme } of isPictured ? forms : checked) {
    await of.setViewportSize(VIEWPORTS[device]);
    await of.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await of.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor();
    expect(await accessibilityFaults(of, { except }), `${name}, ${device}, ${scheme}`).toEqual([]);
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
