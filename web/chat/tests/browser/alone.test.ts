import { launchBrowser, type Site } from "@halley-chat/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPatiently } from "./support/page";
import { serveFixture } from "./support/site";

/** What the fixture and the test's scripts leave in the page. */
interface InPage {
  readonly halleyFixture: {
    emit(kind: string, event: unknown): void;
    user(at: number): unknown;
    message(peer: unknown, at: number): unknown;
  };
  tones: number;
  ended: number;
  asked: number;
  shown: string[];
  Notification: unknown;
}

let browser: Browser;
let site: Site;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), serveFixture()]);
});
afterAll(async () => {
  await browser.close();
  await site.stop();
});

async function at(path: string, prepare?: () => void): Promise<Page> {
  const { page, context } = await openPatiently(browser);
  await context.grantPermissions(["notifications"], { origin: site.url });
  await page.addInitScript(() => sessionStorage.setItem("halley-chat.app", "demo"));
  if (prepare) await page.addInitScript(prepare);
  await page.goto(`${site.url}/chat/#${path}`);
  return page;
}

const inPage = (page: Page, name: "tones" | "ended" | "asked"): Promise<number> =>
  page.evaluate((wanted) => (globalThis as unknown as InPage)[wanted], name);
const shown = (page: Page) => page.evaluate(() => (globalThis as unknown as InPage).shown);

/** Counts tones. A driven browser takes every page for touched, so what lets a page sound is made up. */
function countTones() {
  const here = globalThis as unknown as InPage;
  let state = "suspended";
  Object.defineProperty(AudioContext.prototype, "state", { get: () => state });
  const { resume } = AudioContext.prototype;
  AudioContext.prototype.resume = async function () {
    await resume.call(this);
    state = "running";
    this.dispatchEvent(new Event("statechange"));
  };
  here.tones = 0;
  here.ended = 0;
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (from) {
    here.tones += 1;
    start.call(this, from);
  };
  const { close } = AudioContext.prototype;
  AudioContext.prototype.close = function () {
    here.ended += 1;
    return close.call(this);
  };
}

describe("a call that comes in", () => {
  it("is heard once somebody has touched the page, and until it is answered", async () => {
    const page = await at("/user/user-3", countTones);
    await page.locator("[data-message]").first().waitFor();
    await page.evaluate(() => {
      const { emit, user } = (globalThis as unknown as InPage).halleyFixture;
      const by = user(3);
      const call = { sessionId: "s", type: "audio", status: "initiated", initiator: by };
      emit("call", {
        call: { ...call, receiver: { type: "user", id: "me" } },
        by,
        message: { receiverEntity: by },
      });
    });
    const ringing = page.getByRole("dialog", { name: /is calling/ });
    await ringing.waitFor();
    expect(await inPage(page, "tones")).toBe(0);
    await page.keyboard.press("Shift");
    await expect.poll(() => inPage(page, "tones")).toBeGreaterThan(1);
    await ringing.getByRole("button", { name: "Decline" }).click();
    await ringing.waitFor({ state: "detached" });
    expect(await inPage(page, "ended")).toBe(1);
    await page.context().close();
  });
});

describe("the system's notices", () => {
  it("are asked for by a click alone, and tell of what comes while one looks elsewhere", async () => {
    const page = await at("/user/user-3", () => {
      const here = globalThis as unknown as InPage;
      here.asked = 0;
      here.shown = [];
      const made = class {
        static permission = "default";
        static async requestPermission() {
          here.asked += 1;
          made.permission = "granted";
          return "granted";
        }
        constructor(title: string) {
          here.shown.push(title);
        }
      };
      here.Notification = made;
    });
    await page.locator("[data-message]").first().waitFor();
    const tell = () =>
      page.evaluate(() => {
        const { emit, message } = (globalThis as unknown as InPage).halleyFixture;
        document.hasFocus = () => false;
        emit("message", message({ type: "user", id: "user-4" }, 100));
      });
    await tell();
    await page.getByRole("alert").first().waitFor();
    expect(await inPage(page, "asked")).toBe(0);
    expect(await shown(page)).toEqual([]);
    await page.evaluate(() => {
      location.hash = "#/settings";
    });
    await page.getByRole("switch", { name: "Notify me while I look elsewhere" }).click();
    await page.getByRole("switch", { name: "Notify me while I look elsewhere", checked: true }).waitFor();
    expect(await inPage(page, "asked")).toBe(1);
    await tell();
    await expect.poll(() => shown(page)).toHaveLength(1);
    await page.context().close();
  });
});

describe("a message", () => {
  it("that could not be sent is sent again, or thrown away", async () => {
    const page = await at("/group/group-5");
    const failed = page.locator('[data-delivery="failed"]').first();
    await failed.waitFor();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.locator('article[data-delivery="sending"]').waitFor();
    await page.reload();
    await failed.waitFor();
    await page.getByRole("button", { name: "Discard" }).click();
    await failed.waitFor({ state: "detached" });
    await page.context().close();
  });

  it("with a link makes nobody's browser ask for what it points to", async () => {
    const { page, context } = await openPatiently(browser);
    const hosts = new Set<string>();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    await page.addInitScript(() => sessionStorage.setItem("halley-chat.app", "demo"));
    await page.goto(`${site.url}/chat/#/group/group-5`);
    await page.getByRole("link", { name: "https://example.org/comets" }).hover();
    await page.waitForLoadState("networkidle");
    hosts.delete("");
    expect([...hosts]).toEqual([new URL(site.url).host]);
    await context.close();
  });
});
