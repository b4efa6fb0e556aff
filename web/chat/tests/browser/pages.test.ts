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

/** What the fixture makes of everything; see tests/fixture. */
type Mode = "" | "empty" | "loading" | "failing" | "extreme";

const at =
  (path: string, ready: (page: Page) => Promise<void>, mode: Mode = ""): Going =>
  async (page) => {
    await page.evaluate((mode) => {
      sessionStorage.setItem("halley-chat.app", "demo");
      sessionStorage.removeItem("halley-chat.drafts");
      if (mode) sessionStorage.setItem("halley-fixture", mode);
      else sessionStorage.removeItem("halley-fixture");
    }, mode);
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
    await called(page, { type: "user", id: "me" });
  },
  call: async (page) => {
    await room(page);
    await called(page, ...inGroup);
    await press(page, "Accept");
    await page.locator("[data-participant]").nth(2).waitFor();
  },
  confirm: async (page) => {
    await room(page);
    await act(page, "m-99998", "Delete");
    await page.getByRole("dialog", { name: "Delete" }).waitFor();
  },
  "list extreme": at("/", (page) => page.getByRole("link").first().waitFor(), "extreme"),
  "room extreme": at(
    "/group/group-5",
    async (page) => {
      await messages(page);
      await page.getByRole("log").evaluate((log) => {
        log.scrollTop = 0;
      });
      await page
        .getByText(/^رأينا/)
        .first()
        .waitFor();
    },
    "extreme",
  ),
};

const text = (words: string | RegExp) => (page: Page) =>
  page.getByText(words).filter({ visible: true }).first().waitFor();
const loading = (page: Page) => page.getByRole("status", { name: "Loading" }).first().waitFor();

async function press(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) await page.getByRole("button", { name, exact: true }).first().click();
}

/** A call that comes in, or something else that the server tells of. */
async function called(page: Page, receiver: object, entity?: object): Promise<void> {
  await page.evaluate(
    ([receiver, entity]) => {
      // biome-ignore lint/suspicious/noExplicitAny: what the fixture leaves there has no type.
      const { emit, user } = (globalThis as any).halleyFixture;
      const by = user(3);
      const type = entity ? "audio" : "video";
      const call = { sessionId: "s", type, status: "initiated", initiator: by, receiver };
      emit("call", { call, by, message: { receiverEntity: entity ?? by } });
    },
    [receiver, entity] as const,
  );
  await page.getByRole("dialog", { name: /is calling/ }).waitFor();
}

const inGroup = [
  { type: "group", id: "group-5" },
  { guid: "group-5", name: "Room 5" },
] as const;

async function dialog(page: Page): Promise<void> {
  await page.getByRole("dialog").first().waitFor();
}

/** States that are rarer, and places that hold nothing but what other pages have: checked where pictures are taken. */
const STATES: Record<string, Going> = {
  "login token": async (page) => {
    await page.goto(`${site.url}/chat/`);
    await page.evaluate(() => sessionStorage.clear());
    await page.goto("about:blank");
    await page.goto(`${site.url}/chat/`);
    await page.getByText("Auth token", { exact: true }).click();
    await page.getByRole("textbox", { name: "Auth token" }).waitFor();
  },
  "list empty": at("/", text("No conversations yet"), "empty"),
  "list loading": at("/", loading, "loading"),
  "list failing": at("/", text("Could not load this."), "failing"),
  "row menu": at("/", async (page) => {
    await page.locator('[data-conversation="user-3"]').click({ button: "right" });
    await page.getByRole("menuitem", { name: "Mute" }).waitFor();
  }),
  account: at("/", async (page) => {
    await page.getByRole("button", { name: /^Your account/ }).click();
    await page.getByRole("menuitem", { name: "Settings" }).waitFor();
  }),
  "found nothing": at(
    "/",
    async (page) => {
      await page.getByRole("searchbox", { name: /^Search conversations/ }).fill("zzz");
      await text("No message matches")(page);
    },
    "empty",
  ),
  "found failing": at(
    "/",
    async (page) => {
      await page.getByRole("searchbox", { name: /^Search conversations/ }).fill("zzz");
      await page.getByText("Could not load this.").nth(1).waitFor();
    },
    "failing",
  ),
  silent: at("/user/user-6", text("Say hello")),
  "room loading": at("/group/group-5", loading, "loading"),
  "room failing": at("/user/user-3", text("Could not load this."), "failing"),
  blocked: at("/user/user-10", text(/^You have blocked/)),
  blocking: at("/user/user-14", text(/^You can't write/)),
  foreign: at("/group/group-9", text(/^You are not a member/)),
  gone: at("/group/group-7", text("Could not load this.")),
  unread: at("/group/group-17", text("New messages")),
  "no rights": at("/group/group-17?panel=details", (page) =>
    page.getByRole("list", { name: "Members" }).waitFor(),
  ),
  reply: async (page) => {
    await room(page);
    await page.locator('[data-message="m-99998"]').hover();
    await press(page, "Reply");
  },
  edit: async (page) => {
    await room(page);
    await act(page, "m-99996", "Edit");
  },
  files: async (page) => {
    await room(page);
    const buffer = Buffer.from("x".repeat(1500));
    await page.locator('input[type="file"]').setInputFiles([
      { name: "a-file-with-a-rather-long-name-indeed.pdf", mimeType: "application/pdf", buffer },
      { name: "notes.txt", mimeType: "text/plain", buffer },
    ]);
    await page.getByRole("list", { name: "Files to send" }).waitFor();
  },
  picture: async (page) => {
    await room(page);
    await page.getByRole("log").evaluate((log) => log.scrollBy(0, -1200));
    await press(page, "Open roof.svg");
    await dialog(page);
  },
  pinned: at("/group/group-5?panel=pinned", (page) =>
    page.getByRole("list", { name: "Pinned messages" }).waitFor(),
  ),
  "pinned empty": at("/group/group-5?panel=pinned", text("Nothing is pinned here."), "empty"),
  "search hint": at("/group/group-5?panel=search", text(/^Type to search/)),
  "thread empty": at("/group/group-5?panel=thread&thread=99976", text("No replies yet"), "empty"),
  "thread failing": at("/group/group-5?panel=thread&thread=99976", text("Could not load this."), "failing"),
  banned: at("/group/group-5?panel=details", async (page) => {
    await page.getByRole("tab", { name: "Banned people" }).click();
    await page.getByRole("button", { name: "Lift the ban" }).waitFor();
  }),
  "edit group": at("/group/group-5?panel=details", async (page) => {
    await press(page, "Edit group");
    await dialog(page);
  }),
  "add people": at("/group/group-5?panel=details", async (page) => {
    await press(page, "Add people");
    await page.getByRole("dialog").getByLabel("Add people").first().click();
    await page.getByRole("option").first().waitFor();
  }),
  "member menu": at("/group/group-5?panel=details", async (page) => {
    await press(page, "Actions for Bob Stone");
    await page.getByRole("menuitem", { name: "Ban" }).waitFor();
  }),
  groups: at("/", async (page) => {
    await press(page, "New chat");
    await page.getByRole("tab", { name: "Groups" }).click();
    await page.getByRole("dialog").getByText("Room 1", { exact: true }).waitFor();
  }),
  "people failing": at(
    "/",
    async (page) => {
      await press(page, "New chat");
      await page.getByRole("dialog").getByText("Could not load this.").waitFor();
    },
    "failing",
  ),
  report: async (page) => {
    await room(page);
    await act(page, "m-99998", "Report");
    await dialog(page);
  },
  "saved empty": at("/saved", text("No saved messages"), "empty"),
  "saved failing": at("/saved", text("Could not load this."), "failing"),
  "ringing in a group": async (page) => {
    await room(page);
    await called(page, ...inGroup);
  },
  calling: at("/user/user-3", async (page) => {
    await page.locator("[data-message]").first().waitFor();
    await press(page, "Audio call");
    await page.getByText("Ringing…").first().waitFor();
  }),
  "call small": async (page) => {
    await room(page);
    await called(page, ...inGroup);
    await press(page, "Accept");
    await page.locator("[data-participant]").nth(2).waitFor();
    await press(page, "Smaller");
  },
  told: at("/user/user-3", async (page) => {
    await page.locator("[data-message]").first().waitFor();
    await page.evaluate(() => {
      // biome-ignore lint/suspicious/noExplicitAny: what the fixture leaves there has no type.
      const { emit, message } = (globalThis as any).halleyFixture;
      emit("message", message({ type: "user", id: "user-4" }, 100));
    });
    await page.getByRole("alert").filter({ hasText: "Eve Stone" }).waitFor();
  }),
  "room extreme end": at(
    "/group/group-5",
    async (page) => {
      await messages(page);
      await page
        .getByRole("button", { name: /^Open / })
        .first()
        .waitFor();
    },
    "extreme",
  ),
  "details extreme": at(
    "/group/group-5?panel=details",
    (page) => page.getByRole("list", { name: "Members" }).waitFor(),
    "extreme",
  ),
  "call extreme": at(
    "/group/group-5",
    async (page) => {
      await messages(page);
      await called(page, ...inGroup);
      await press(page, "Accept");
      await page.locator("[data-participant]").nth(2).waitFor();
    },
    "extreme",
  ),
};

/** What is behind a dialog, or on the other half of a phone, is not there for anybody. */
const EXCEPT = ["region", "landmark-one-main", "page-has-heading-one"];

function exceptOn(name: string): string[] {
  // A list of people to pick is moved by the keys of the field that it belongs to.
  return ["mention", "add people"].includes(name) ? [...EXCEPT, "scrollable-region-focusable"] : EXCEPT;
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
  "list extreme",
  "room extreme",
  "call",
]);

/** By how many pixels the page is wider than what shows it. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

describe("the pages", () => {
  it.each(isPictured ? [...EVERY, ...PICTURED] : EVERY)(
    "have no fault on a %s, %s",
    async (viewport, colorScheme) => {
      const { page, context, faults } = await openPatiently(browser, {
        viewport,
        colorScheme,
        context: { reducedMotion: "reduce" },
      });
      const isChecked = (name: string) => isPictured || viewport === "desktop" || ON_PHONES.has(name);
      const pages = Object.entries(isPictured ? { ...PAGES, ...STATES } : PAGES);
      // All that is wrong is told at once: a look at every page takes a while.
      const wrong: string[] = [];
      for (const [name, going] of pages.filter(([name]) => isChecked(name))) {
        await going(page).catch((error) => wrong.push(`the page ${name} is not there: ${error}`));
        await screenshot(page, `chat-${name}-${viewport}-${colorScheme}`);
        const found = await accessibilityFaults(page, { except: exceptOn(name) });
        wrong.push(...found.map((fault) => `${name}: ${fault}`));
        const wider = await overflow(page);
        if (wider > 0) wrong.push(`${name} is ${wider} pixels wider than the screen`);
      }
      expect([...wrong, ...faults]).toEqual([]);
      await context.close();
    },
    isPictured ? 900_000 : undefined,
  );
});
