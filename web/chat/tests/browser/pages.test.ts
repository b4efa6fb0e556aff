import { accessibilityFaults, isPictured, launchBrowser, type Site, screenshot } from "@halley-chat/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPatiently } from "./support/page";
import { serveFixture } from "./support/site";

let browser: Browser;
let site: Site;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), serveFixture()]);
});
afterAll(async () => {
  await browser.close();
  await site.stop();
});

/** Goes to a page of somebody who is logged in, and waits until it is all there. */
type Going = (page: Page) => Promise<void>;

const at =
  (path: string, ready: (page: Page) => Promise<void>): Going =>
  async (page) => {
    await page.evaluate(() => sessionStorage.setItem("halley-chat.app", "demo"));
    // Another fragment alone would not load the page anew.
    await page.goto("about:blank");
    await page.goto(`${site.url}/chat/#${path}`);
    await ready(page);
  };

const messages = (page: Page) => page.locator("[data-message]").first().waitFor();
const room = at("/group/group-5", messages);

async function openMenu(page: Page, key: string): Promise<void> {
  const message = page.locator(`[data-message="${key}"]`);
  await message.hover();
  await message.getByRole("button", { name: "More actions" }).click();
}

async function act(page: Page, key: string, item: string): Promise<void> {
  await openMenu(page, key);
  await page.getByRole("menuitem", { name: item }).click();
}

const PAGES: Record<string, Going> = {
  login: async (page) => {
    await page.goto(`${site.url}/chat/#app=demo&key=k&users=ann,bob,cem`);
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  },
  list: at("/", (page) =>
    page
      .getByRole("link", { name: /^Ann Stone/ })
      .first()
      .waitFor(),
  ),
  group: room,
  direct: at("/user/user-3", messages),
  menu: async (page) => {
    await room(page);
    await openMenu(page, "m-99998");
    await page.getByRole("menuitem", { name: "Report" }).waitFor();
  },
  emoji: async (page) => {
    await room(page);
    await page.getByRole("button", { name: "Emoji", exact: true }).click();
    await page.getByRole("gridcell", { name: "Grinning face", exact: true }).waitFor();
  },
  mention: async (page) => {
    await room(page);
    await page.getByRole("textbox", { name: /^Message to/ }).pressSequentially("Hello @da");
    await page.getByRole("option").first().waitFor();
  },
  thread: at("/group/group-5?panel=thread&thread=99976", (page) =>
    page.locator("aside [data-message]").nth(2).waitFor(),
  ),
  details: at("/group/group-5?panel=details", (page) =>
    page.getByRole("list", { name: "Members" }).waitFor(),
  ),
  person: at("/user/user-3?panel=details", (page) => page.getByRole("button", { name: "Block" }).waitFor()),
  search: at("/group/group-5?panel=search", async (page) => {
    await page.getByRole("searchbox", { name: "Search messages" }).fill("comet");
    await page.getByRole("list", { name: "Search messages" }).waitFor();
  }),
  found: at("/", async (page) => {
    await page.getByRole("searchbox", { name: "Search conversations and messages" }).fill("ann");
    await page.getByRole("list", { name: "Messages" }).waitFor();
  }),
  reactions: async (page) => {
    await room(page);
    await act(page, "m-99990", "Who reacted");
    await page.getByRole("dialog").getByRole("list").waitFor();
  },
  info: async (page) => {
    await room(page);
    await act(page, "m-99990", "Message info");
    await page.getByRole("dialog").getByRole("region", { name: "Delivered" }).waitFor();
  },
  "new chat": at("/", async (page) => {
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("dialog").getByText("Ann Stone").first().waitFor();
  }),
  "new group": at("/", async (page) => {
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("tab", { name: "New group" }).click();
    await page.getByRole("textbox", { name: "Description" }).waitFor();
  }),
  settings: at("/settings", (page) => page.getByRole("list", { name: "Blocked people" }).waitFor()),
  saved: at("/saved", (page) => page.getByRole("list", { name: "Saved messages" }).waitFor()),
  ringing: async (page) => {
    await room(page);
    await page.evaluate(() => {
      // biome-ignore lint/suspicious/noExplicitAny: what the fixture leaves there has no type.
      const { emit, user } = (globalThis as any).halleyFixture;
      const by = user(3);
      const call = {
        sessionId: "s",
        type: "video",
        status: "initiated",
        initiator: by,
        receiver: { type: "user", id: "me" },
      };
      emit("call", { call, by, message: { receiverEntity: by } });
    });
    await page.getByRole("dialog", { name: /is calling/ }).waitFor();
  },
};

/** What is behind a dialog, or on the other half of a phone, is not there for anybody. */
const EXCEPT = ["region", "landmark-one-main", "page-has-heading-one"];

function exceptOn(name: string): string[] {
  // The list of people to mention is moved by the keys of the field that it belongs to.
  return name === "mention" ? [...EXCEPT, "scrollable-region-focusable"] : EXCEPT;
}

type Form = readonly [device: "desktop" | "phone", scheme: "light" | "dark"];
const EVERY: Form[] = [
  ["desktop", "light"],
  ["phone", "dark"],
];
/** For eyes only. */
const PICTURED: Form[] = [
  ["desktop", "dark"],
  ["phone", "light"],
];
/** Pages that together have every kind of thing there is: these are checked on a phone, too. */
const ON_PHONES = new Set([
  "login",
  "list",
  "group",
  "menu",
  "thread",
  "details",
  "new group",
  "ringing",
  "found",
  "reactions",
]);

describe("the pages", () => {
  it.each(isPictured ? [...EVERY, ...PICTURED] : EVERY)(
    "have no fault on a %s, %s",
    async (viewport, colorScheme) => {
      const { page, context, faults } = await openPatiently(browser, { viewport, colorScheme });
      const isChecked = (name: string) => isPictured || viewport === "desktop" || ON_PHONES.has(name);
      for (const [name, going] of Object.entries(PAGES).filter(([name]) => isChecked(name))) {
        await going(page).catch((error) => {
          throw new Error(`the page ${name} is not there`, { cause: error });
        });
        await screenshot(page, `chat-${name}-${viewport}-${colorScheme}`);
        expect(await accessibilityFaults(page, { except: exceptOn(name) }), name).toEqual([]);
        expect(faults, name).toEqual([]);
      }
      await context.close();
    },
  );
});
