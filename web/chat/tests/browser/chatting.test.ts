import { launchBrowser, screenshot, sharedPlatform } from "@halley-chat/testkit";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPatiently } from "./support/page";
import { act, delivery, field, home, message, open, type Someone, say, signIn } from "./support/people";

const platform = sharedPlatform();
let browser: Browser;
let ann: Someone;
let bob: Someone;
/** Nobody is there yet, or something went wrong, and may have left anything on the pages. */
let isSpoilt = true;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** Two of the demo's users, each at a node of its own. They stay for all cases, of which each has words of its own. */
async function arrive(): Promise<void> {
  [ann, bob] = await Promise.all([person(0), person(1)]);
}

/** One of the demo's users, at one of the nodes. */
function person(at: number): Promise<Someone> {
  const user = platform.demo.users[at];
  const rest = platform.rests[at % platform.rests.length];
  if (!user || !rest) throw new Error(`there is no user ${at}, or no edge`);
  return signIn(browser, rest, platform.demo, user.uid);
}

beforeEach(async () => {
  if (isSpoilt) {
    await Promise.all([ann?.context.close(), bob?.context.close()]);
    await arrive();
    isSpoilt = false;
  }
  await Promise.all([home(ann), home(bob)]);
});
afterEach(({ task }) => {
  const faults = [ann, bob].flatMap((person) => person?.faults ?? []);
  isSpoilt = task.result?.state === "fail" || faults.length > 0;
  expect(faults).toEqual([]);
});

/** Both look at their conversation. */
async function face(): Promise<void> {
  await open(ann, "user", bob.uid);
  await open(bob, "user", ann.uid);
}

/** A call of the app's server side, perhaps on behalf of a user. */
async function server(method: string, path: string, body: object, user?: string): Promise<void> {
  const { appId, restApiKey } = platform.demo;
  const answer = await fetch(`${platform.rest}/v3${path}`, {
    method,
    headers: {
      appid: appId,
      apikey: restApiKey,
      "content-type": "application/json",
      ...(user && { onBehalfOf: user }),
    },
    body: JSON.stringify(body),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** A group of them all, made by the app's server side. */
async function newGroup(people: readonly Someone[]): Promise<string> {
  const guid = `room-${Date.now()}`;
  const [owner, ...others] = people.map(({ uid }) => uid);
  const members = { participants: others };
  await server("POST", "/groups", { guid, name: guid, type: "public", owner, members });
  return guid;
}

let count = 0;
/** A text that no other test has. */
const unique = (text: string) => `${text} ${Date.now()}-${++count}`;

describe("two people", () => {
  it("write to each other, and see how far it came", async () => {
    await open(ann, "user", bob.uid);
    const text = unique("Hello");
    await say(ann, text);
    await delivery(ann.page, text, "delivered");
    // It is told of where it is not looked at, and counted.
    const row = bob.page.locator(`[data-conversation="${ann.uid}"]`);
    await row.getByText(text).waitFor();
    await row.getByLabel(/unread/).waitFor();
    await open(bob, "user", ann.uid);
    await message(bob.page, text).waitFor();
    await delivery(ann.page, text, "read");
    await row.getByLabel(/unread/).waitFor({ state: "detached" });
    await act(ann, text, "Message info");
    const info = ann.page.getByRole("dialog", { name: "Message info" });
    await info.getByRole("region", { name: "Read", exact: true }).getByRole("listitem").waitFor();
    await info.getByRole("button", { name: "Close" }).click();
    await screenshot(ann.page, "chat-two");
  });

  it("see each other come, type and go", async () => {
    const cem = await person(2);
    await open(ann, "user", cem.uid);
    await open(cem, "user", ann.uid);
    await ann.page.locator('[data-presence="true"]').waitFor();
    await field(cem.page).pressSequentially("Hm");
    await ann.page
      .getByRole("status")
      .filter({ hasText: /is typing/ })
      .waitFor();
    await field(cem.page).fill("");
    await ann.page.getByText(/is typing/).waitFor({ state: "detached" });
    await cem.context.close();
    await ann.page.locator('[data-presence="false"]').waitFor();
    expect(cem.faults).toEqual([]);
  });

  it("lose at once what a moderator takes away, but for who wrote it", async () => {
    await face();
    const text = unique("Rude");
    await say(ann, text);
    const id = await message(bob.page, text).getAttribute("data-id");
    await server("POST", `/messages/${id}/flagged`, { reasonId: "spam" }, bob.uid);
    await server("PATCH", `/moderation/flagged-messages/${id}`, { status: "disapproved" });
    const shown = (of: Someone) => of.page.locator(`[data-id="${id}"]`);
    await shown(bob).getByText("This message was removed by a moderator").waitFor();
    await shown(ann).getByText(text).waitFor();
    await shown(ann).getByText("only you see this message").waitFor();
    expect(await bob.page.getByText(text).count()).toBe(0);
    await screenshot(bob.page, "chat-moderated");
  });

  it("react, answer, edit and delete", async () => {
    await face();
    const text = unique("Shall we");
    await say(ann, text);
    await message(bob.page, text).waitFor();

    await act(bob, text, "🎉");
    const reaction = ann.page.getByRole("button", { name: /^🎉, 1/ });
    await reaction.waitFor();
    await reaction.click();
    await bob.page
      .getByRole("button", { name: /^🎉, 2/ })
      .last()
      .waitFor();
    await act(ann, text, "Who reacted");
    const people = ann.page.getByRole("list", { name: "Who reacted with 🎉" }).getByRole("listitem");
    await people.filter({ hasText: "You" }).waitFor();
    expect(await people.count()).toBe(2);
    await ann.page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

    await message(bob.page, text).hover();
    await message(bob.page, text).getByRole("button", { name: "Reply", exact: true }).click();
    const answer = unique("Yes, let us");
    await say(bob, answer);
    await message(ann.page, answer)
      .getByRole("button", { name: /^Go to the message of/ })
      .waitFor();

    await act(ann, new RegExp(`^${text}`), "Edit");
    await field(ann.page).fill(`${text}, tomorrow?`);
    await field(ann.page).press("Enter");
    await message(bob.page, `${text}, tomorrow?`).filter({ hasText: "edited" }).waitFor();

    await act(bob, answer, "Delete");
    await bob.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ann.page.getByText("This message was deleted").last().waitFor();
    await message(ann.page, answer).waitFor({ state: "detached" });
  });

  it("talk in a thread", async () => {
    await face();
    const text = unique("A question");
    await say(ann, text);
    await message(bob.page, text).hover();
    await message(bob.page, text).getByRole("button", { name: "Reply in thread" }).click();
    const reply = unique("An answer");
    const composer = bob.page.getByRole("textbox", { name: /^Reply in thread/ });
    await composer.fill(reply);
    await composer.press("Enter");
    await bob.page.getByRole("log", { name: "Thread" }).getByText(reply).waitFor();
    await ann.page
      .getByRole("button", { name: /^1 reply/ })
      .last()
      .click();
    await ann.page.getByRole("log", { name: "Thread" }).getByText(reply).waitFor();
    // Who types there is shown there alone.
    await composer.pressSequentially("Hm");
    const typing = (place: string) =>
      ann.page
        .locator(place)
        .getByRole("status")
        .getByText(/is typing/);
    await typing("aside").waitFor();
    expect(await typing("main").count()).toBe(0);
    await screenshot(ann.page, "chat-two-thread");
    await composer.fill("");
    await typing("aside").waitFor({ state: "detached" });
  });

  it("send pictures and files", async () => {
    await face();
    const caption = unique("Look");
    const name = `${unique("dot")}.png`;
    await ann.page.locator('input[type="file"]').setInputFiles([
      { name, mimeType: "image/png", buffer: PNG },
      { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
    ]);
    await ann.page.getByRole("list", { name: "Files to send" }).getByText(name).waitFor();
    await say(ann, caption);
    const shown = message(bob.page, caption).getByRole("img", { name });
    await shown.waitFor();
    await expect.poll(() => shown.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(1);
    await bob.page.getByRole("link", { name: "Download notes.txt" }).last().waitFor();
    await delivery(ann.page, caption, "read");
  });
});

describe("a conversation", () => {
  it("is muted, and heard again", async () => {
    const row = ann.page.locator(`[data-conversation="${bob.uid}"]`);
    const choose = async (item: string) => {
      await row.hover();
      await row.getByRole("button", { name: /^Actions for/ }).click();
      await ann.page.getByRole("menuitem", { name: item, exact: true }).click();
    };
    const told = (text: string) => ann.page.getByRole("alert").filter({ hasText: text });
    await open(bob, "user", ann.uid);
    await choose("Mute");
    await row.getByLabel("Muted").waitFor();
    const [silent, loud] = [unique("Silent"), unique("Loud")];
    await say(bob, silent);
    await row.getByText(silent).waitFor();
    await choose("Unmute");
    await say(bob, loud);
    await told(loud).waitFor();
    expect(await told(silent).count()).toBe(0);
  });

  it("keeps what was begun, beyond a reload", async () => {
    await open(ann, "user", bob.uid);
    const text = unique("Perhaps");
    await field(ann.page).fill(text);
    await home(ann);
    const row = ann.page.locator(`[data-conversation="${bob.uid}"]`);
    await row.getByText(`Draft: ${text}`).waitFor();
    await ann.page.reload();
    await row.getByText(`Draft: ${text}`).waitFor();
    await open(ann, "user", bob.uid);
    expect(await field(ann.page).inputValue()).toBe(text);
    await field(ann.page).fill("");
    await row.getByText("Draft:").waitFor({ state: "detached" });
  });
});

/** One red dot. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

describe("a group", () => {
  it("is made, joined, talked in and left", async () => {
    const name = unique("Sky watchers");
    await ann.page.getByRole("button", { name: "New chat" }).click();
    await ann.page.getByRole("tab", { name: "New group" }).click();
    await ann.page.getByRole("textbox", { name: "Name" }).fill(name);
    await ann.page.getByRole("button", { name: "Create group" }).click();
    await ann.page.getByRole("heading", { level: 1, name }).waitFor();

    await bob.page.getByRole("button", { name: "New chat" }).click();
    await bob.page.getByRole("tab", { name: "Groups" }).click();
    await bob.page.getByRole("searchbox", { name: "Search groups" }).fill(name);
    await bob.page
      .getByRole("listitem")
      .filter({ hasText: name })
      .getByRole("button", { name: "Join" })
      .click();
    await bob.page.getByRole("heading", { level: 1, name }).waitFor();
    await ann.page
      .getByRole("log")
      .getByText(/joined$/)
      .waitFor();

    // A mention, from the list of members.
    await field(ann.page).pressSequentially(`Welcome @${bob.uid.slice(0, 3)}`);
    await ann.page.getByRole("option").first().click();
    await field(ann.page).press("Enter");
    await message(bob.page, "Welcome @").waitFor();

    await ann.page.getByRole("button", { name: "Details" }).click();
    await ann.page.getByRole("list", { name: "Members" }).getByText(bob.uid, { exact: true }).waitFor();
    await bob.page.getByRole("button", { name: "Details" }).click();
    await bob.page.getByRole("button", { name: "Leave group" }).click();
    await bob.page.getByRole("dialog").getByRole("button", { name: "Leave group" }).click();
    await ann.page.getByRole("log").getByText(/left$/).waitFor();
  });
});

describe("what one has said", () => {
  it("is found, pinned, saved and reported", async () => {
    await face();
    const word = `perihelion${Date.now()}`;
    const text = `The ${word} is near`;
    await say(ann, text);
    await message(bob.page, text).waitFor();

    await bob.page.getByRole("button", { name: "Search in this conversation" }).click();
    await bob.page.getByRole("searchbox", { name: "Search messages" }).fill(word);
    await bob.page.getByRole("list", { name: "Search messages" }).getByText(text).click();
    await bob.page.getByRole("button", { name: "Close" }).click();

    // From anywhere, by the server's search over all conversations.
    await home(ann);
    await ann.page.getByRole("searchbox", { name: /^Search conversations/ }).fill(word);
    await ann.page.getByRole("list", { name: "Messages" }).getByText(text).click();
    await message(ann.page, text).waitFor();
    await ann.page.getByRole("searchbox", { name: /^Search conversations/ }).fill("");

    await act(bob, text, "Pin");
    await message(ann.page, text).getByLabel("Pinned").waitFor();
    await ann.page.getByRole("button", { name: "Pinned messages" }).click();
    await ann.page.getByRole("list", { name: "Pinned messages" }).getByText(text).waitFor();

    await act(bob, text, "Save");
    await message(bob.page, text).getByLabel("Saved").waitFor();

    await act(bob, text, "Report");
    const dialog = bob.page.getByRole("dialog", { name: "Report this message" });
    await dialog.getByRole("combobox", { name: "Reason" }).click();
    await bob.page.getByRole("option").first().click();
    await dialog.getByRole("button", { name: "Report" }).click();
    await bob.page.getByText("The message was reported").waitFor();

    await bob.page.getByRole("button", { name: /^Your account/ }).click();
    await bob.page.getByRole("menuitem", { name: "Saved messages" }).click();
    await bob.page.getByRole("list", { name: "Saved messages" }).getByText(text).click();
    await message(bob.page, text).waitFor();
  });
});

describe("somebody who is blocked", () => {
  it("can't be written to until that ends", async () => {
    await open(bob, "user", ann.uid);
    await bob.page.getByRole("button", { name: "Details" }).click();
    await bob.page.getByRole("button", { name: "Block", exact: true }).click();
    await bob.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await bob.page.getByText(/^You have blocked/).waitFor();
    await ann.page.evaluate((path) => {
      location.hash = path;
    }, `#/user/${bob.uid}`);
    await ann.page.getByText(/^You can't write to/).waitFor();
    await bob.page.getByRole("main").getByRole("button", { name: "Unblock" }).click();
    await field(bob.page).waitFor();
  });
});

describe("a group that is led", () => {
  it("has roles, and members who are put out", async () => {
    const name = unique("Observatory");
    await ann.page.getByRole("button", { name: "New chat" }).click();
    await ann.page.getByRole("tab", { name: "New group" }).click();
    await ann.page.getByRole("textbox", { name: "Name" }).fill(name);
    await ann.page.getByRole("radio", { name: "Private" }).check();
    await ann.page.getByRole("combobox", { name: "Add people" }).fill(bob.uid);
    await ann.page.getByRole("option").first().click();
    await ann.page.keyboard.press("Escape");
    await ann.page.getByRole("button", { name: "Create group" }).click();
    await ann.page.getByRole("heading", { level: 1, name }).waitFor();

    // It comes to who was added.
    await bob.page.getByRole("link").filter({ hasText: name }).click();
    await field(bob.page).waitFor();

    await ann.page.getByRole("button", { name: "Details" }).click();
    const members = ann.page.getByRole("list", { name: "Members" });
    const row = members.getByRole("listitem").filter({ hasText: bob.uid });
    await row.getByRole("button").click();
    await ann.page.getByRole("menuitem", { name: "Make moderator" }).click();
    await row.getByText("Moderator").waitFor();

    await ann.page.getByRole("button", { name: "Edit group" }).click();
    const renamed = `${name} West`;
    await ann.page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill(renamed);
    await ann.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await bob.page.getByRole("heading", { level: 1, name: renamed }).waitFor();

    await row.getByRole("button").click();
    await ann.page.getByRole("menuitem", { name: "Ban" }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: "Ban" }).click();
    await row.waitFor({ state: "detached" });
    await field(bob.page).waitFor({ state: "detached" });
    await ann.page.getByRole("tab", { name: "Banned people" }).click();
    await ann.page.getByRole("button", { name: "Lift the ban" }).click();
    await ann.page.getByText("Nobody is banned.").waitFor();

    await ann.page.getByRole("button", { name: "Delete group" }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: "Delete group" }).click();
    await ann.page.getByText("Pick a conversation").waitFor();
  });
});

describe("a call", () => {
  it("rings, connects and ends", async () => {
    await face();
    await ann.page.getByRole("button", { name: "Video call" }).click();
    const ringing = bob.page.getByRole("dialog", { name: /is calling/ });
    await ringing.getByRole("button", { name: "Accept", exact: true }).click();
    for (const { page } of [ann, bob]) {
      await page.locator('[data-call="connected"]').waitFor({ timeout: 20_000 });
      await page.locator('[data-participant][data-connected="true"] video').waitFor();
    }
    await expect
      .poll(() =>
        ann.page
          .locator("[data-participant] video")
          .evaluate((video) => (video as HTMLVideoElement).videoWidth),
      )
      .toBeGreaterThan(0);
    await screenshot(ann.page, "chat-two-call");
    await ann.page.getByRole("button", { name: "Mute", exact: true }).click();
    await ann.page.getByRole("button", { name: "Unmute" }).waitFor();
    await bob.page.getByRole("button", { name: "Hang up" }).click();
    await ann.page.locator("[data-call]").waitFor({ state: "detached" });
    await ann.page
      .getByRole("log")
      .getByText(/Call ended/)
      .last()
      .waitFor();
  });

  it("is declined", async () => {
    await open(ann, "user", bob.uid);
    await ann.page.getByRole("button", { name: "Audio call" }).click();
    await bob.page
      .getByRole("dialog", { name: /is calling/ })
      .getByRole("button", { name: "Decline" })
      .click();
    await ann.page.locator("[data-call]").waitFor({ state: "detached" });
  });
});

describe("a call in a group", () => {
  it("shows who is silent and whose screen it is, and goes on without who leaves", async () => {
    const cem = await person(2);
    const guid = await newGroup([ann, bob, cem]);
    await Promise.all([ann, bob, cem].map((one) => open(one, "group", guid)));
    await ann.page.getByRole("button", { name: "Video call" }).click();
    for (const { page } of [bob, cem]) {
      const ringing = page.getByRole("dialog", { name: /is calling in/ });
      await ringing.getByRole("button", { name: "Accept", exact: true }).click();
    }
    const connected = ({ page }: Someone) => page.locator('[data-participant][data-connected="true"]');
    for (const one of [ann, bob, cem])
      await expect.poll(() => connected(one).count(), { message: one.uid }).toBe(2);

    await bob.page.getByRole("button", { name: "Mute", exact: true }).click();
    const tile = ({ page }: Someone, uid: string) => page.locator(`[data-participant="${uid}"]`);
    for (const one of [ann, cem]) await tile(one, bob.uid).getByLabel("Microphone off").waitFor();

    // Browsers send smaller pictures where there is little time or room; their shape stays.
    const shape = (one: Someone) =>
      tile(one, ann.uid)
        .locator("video")
        .evaluate((video) => {
          const { videoWidth, videoHeight } = video as HTMLVideoElement;
          return videoHeight > 0 ? videoWidth / videoHeight : 0;
        });
    await expect.poll(() => shape(bob)).toBeGreaterThan(0);
    const camera = await shape(bob);
    const isCamera = async (one: Someone) => Math.abs((await shape(one)) - camera) < 0.05;
    await ann.page.getByRole("button", { name: "Share the screen" }).click();
    for (const one of [bob, cem]) {
      await tile(one, ann.uid)
        .and(one.page.locator("[data-sharing]"))
        .getByText(/screen$/)
        .waitFor();
      await expect.poll(() => isCamera(one)).toBe(false);
    }
    await screenshot(bob.page, "chat-group-call");

    await cem.page.getByRole("button", { name: "Hang up" }).click();
    for (const one of [ann, bob]) await tile(one, cem.uid).waitFor({ state: "detached" });
    for (const one of [ann, bob]) expect(await connected(one).count()).toBe(1);
    await ann.page.getByRole("button", { name: "Stop sharing the screen" }).click();
    await tile(bob, ann.uid).and(bob.page.locator("[data-sharing]")).waitFor({ state: "detached" });
    await expect.poll(() => isCamera(bob)).toBe(true);
    for (const { page } of [ann, bob]) {
      await page.getByRole("button", { name: "Hang up" }).click();
      await page.locator("[data-call]").waitFor({ state: "detached" });
    }
    await cem.context.close();
    expect(cem.faults).toEqual([]);
  });
});

describe("a connection that breaks", () => {
  it("is healed without a loss and without a repeat", async () => {
    await face();
    const before = unique("Before");
    await say(ann, before);
    await message(bob.page, before).waitFor();

    await bob.context.setOffline(true);
    await bob.page.locator('[data-connection="offline"]').waitFor();
    const missed = [unique("Missed 1"), unique("Missed 2"), unique("Missed 3")];
    for (const text of missed) await say(ann, text);
    await delivery(ann.page, missed[2] ?? "", "sent");
    // What is written meanwhile waits.
    const own = unique("Written in a tunnel");
    await say(bob, own);
    await delivery(bob.page, own, "sending");

    await bob.context.setOffline(false);
    for (const text of missed) await message(bob.page, text).waitFor({ timeout: 30_000 });
    await message(ann.page, own).waitFor({ timeout: 30_000 });
    await delivery(bob.page, own, "read");
    for (const text of [before, ...missed, own]) {
      expect(await message(bob.page, text).count()).toBe(1);
      expect(await message(ann.page, text).count()).toBe(1);
    }
  });

  it("outlives the gateway's node", async () => {
    await face();
    await platform.command("kill realtime-gateway-1");
    const text = unique("After the fall");
    await platform.command("restart realtime-gateway-1");
    await say(ann, text);
    await message(bob.page, text).waitFor({ timeout: 40_000 });
    expect(await message(bob.page, text).count()).toBe(1);
  });
});

/** Goes on from one thing to the next by the key until it is there; every one of them can be reached so. */
async function goTo(page: Page, there: Locator, key = "Tab"): Promise<void> {
  const isThere = () => there.evaluate((element) => element === document.activeElement);
  await there.waitFor();
  for (let pressed = 0; pressed < 60 && !(await isThere()); pressed++) await page.keyboard.press(key);
  expect(await isThere(), String(there)).toBe(true);
}

describe("somebody without a mouse", () => {
  it("signs in, writes, answers in a thread, reacts and calls", async () => {
    const { page, context, faults } = await openPatiently(browser);
    const { appId, authKey, users } = platform.demo;
    const uid = users[3]?.uid ?? "";
    const button = (name: string, of: Page = page) => of.getByRole("button", { name, exact: true });
    await page.goto(`${platform.rest}/chat/#app=${appId}&key=${authKey}&users=${uid}`);
    await goTo(page, button(`Sign in as ${uid}`));
    await page.keyboard.press("Enter");

    await goTo(page, button("New chat"));
    await page.keyboard.press("Enter");
    await page.getByRole("searchbox", { name: "Search people" }).waitFor();
    await page.keyboard.type(bob.uid);
    const found = page.getByRole("list", { name: "People" }).getByRole("button");
    await expect.poll(() => found.count()).toBe(1);
    await goTo(page, found);
    await page.keyboard.press("Enter");

    // Where one writes has the focus.
    await field(page).and(page.locator(":focus")).waitFor();
    const text = unique("Without a mouse");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await message(page, text).and(page.locator("[data-id]")).waitFor();

    const log = page.getByRole("log", { name: /^Messages with / });
    const toMessage = async () => {
      await goTo(page, log, "Shift+Tab");
      await page.keyboard.press("ArrowUp");
      await page.getByRole("toolbar", { name: "Message actions" }).waitFor();
    };
    await toMessage();
    await goTo(page, button("Reply in thread"));
    await page.keyboard.press("Enter");
    const reply = page.getByRole("textbox", { name: /^Reply in thread/ });
    await reply.and(page.locator(":focus")).waitFor();
    await page.keyboard.type("And a reply");
    await page.keyboard.press("Enter");
    await page.getByRole("log", { name: "Thread" }).getByText("And a reply").waitFor();
    await goTo(page, button("Close"), "Shift+Tab");
    await page.keyboard.press("Enter");

    await goTo(page, field(page));
    await toMessage();
    await goTo(page, button("Add a reaction"));
    await page.keyboard.press("Enter");
    await page.getByRole("gridcell", { name: "Grinning face", exact: true }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /, 1, with yours$/ }).waitFor();

    await goTo(page, button("Audio call"), "Shift+Tab");
    await page.keyboard.press("Enter");
    const ringing = bob.page.getByRole("dialog", { name: /is calling/ });
    await ringing.waitFor();
    // A key that was meant for what one was doing answers nothing.
    await bob.page.keyboard.press("Enter");
    await goTo(bob.page, button("Accept", bob.page));
    await bob.page.keyboard.press("Enter");
    await page.locator('[data-call="connected"]').waitFor({ timeout: 20_000 });
    await goTo(page, button("Hang up"));
    await page.keyboard.press("Enter");
    await bob.page.locator("[data-call]").waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await context.close();
  });
});

describe("a session", () => {
  it("outlives a reload, and ends at the door", async () => {
    const { page, context, faults } = await person(2);
    await page.reload();
    await page.getByRole("navigation", { name: "Conversations" }).waitFor();
    await page.getByRole("button", { name: /^Your account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
    await context.close();
    expect(faults).toEqual([]);
  });

  it("is refused to who has no key", async () => {
    const { page, context } = await openPatiently(browser);
    await page.goto(`${platform.rest}/chat/`);
    await page.getByRole("textbox", { name: "App id" }).fill(platform.demo.appId);
    await page.getByRole("textbox", { name: "User id" }).fill(ann.uid);
    await page.getByRole("textbox", { name: "Auth key" }).fill("0".repeat(40));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "Could not sign in" }).waitFor();
    await context.close();
  });
});
