import { launchBrowser, type Site } from "@halley-chat/testkit";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPatiently } from "./support/page";
import { serveFixture } from "./support/site";

interface Fixture {
  readonly halleyFixture: { hold(): void; release(): void };
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

async function at(path: string): Promise<Page> {
  const { page } = await openPatiently(browser);
  await page.addInitScript(() => sessionStorage.setItem("halley-chat.app", "demo"));
  await page.goto(`${site.url}/chat/#${path}`);
  return page;
}

/** Messages of the fixture, and how many of them are there at first. */
const [MESSAGES, LOADED] = [100_000, 50];
/** Turns of the wheel, and pixels of each. */
const TURNS = 90;
const TURN = 120;
/** A frame at 60 Hz, in ms. */
const FRAME = 1000 / 60;

interface Frames {
  /** How long frames took, in ms, the shortest first. */
  readonly times: number[];
  readonly dropped: number;
}

/** Turns the wheel over an element, and measures the frames meanwhile. */
async function wheel(page: Page, element: Locator, by: number): Promise<Frames> {
  await element.hover();
  await page.evaluate(() => {
    const here = globalThis as unknown as { frames: number[]; watching: number };
    here.frames = [];
    let before: number | undefined;
    const watch = (now: number) => {
      if (before !== undefined) here.frames.push(now - before);
      before = now;
      here.watching = requestAnimationFrame(watch);
    };
    here.watching = requestAnimationFrame(watch);
  });
  // Rows that are measured on the way move it, too, so it is not told to the pixel.
  const from = await element.evaluate(({ scrollTop }) => scrollTop);
  for (let turn = 0; turn < TURNS; turn++) await page.mouse.wheel(0, by);
  await expect
    .poll(async () => Math.abs((await element.evaluate(({ scrollTop }) => scrollTop)) - from))
    .toBeGreaterThan(0.6 * TURNS * TURN);
  const times = await page.evaluate(() => {
    const here = globalThis as unknown as { frames: number[]; watching: number };
    cancelAnimationFrame(here.watching);
    return here.frames.sort((a, b) => a - b);
  });
  const dropped = times.reduce((sum, time) => sum + Math.max(0, Math.round(time / FRAME) - 1), 0);
  return { times, dropped };
}

/** Tells the figures. The bounds hold on busy machines, too: beyond them something is wrong with the page. */
function judge(what: string, { times, dropped }: Frames): void {
  const part = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const [middle, slow, slowest] = [part(0.5), part(0.95), part(1)];
  const figures = [middle, slow, slowest].map(Math.round).join(" / ");
  console.info(`${what}: ${times.length} frames, p50 / p95 / longest ${figures} ms, ${dropped} dropped`);
  expect(middle).toBeLessThan(60);
  expect(slow).toBeLessThan(250);
  expect(slowest).toBeLessThan(2_000);
}

it("shows 100,000 messages with few elements, and scrolls them", async () => {
  const page = await at("/group/group-1");
  await page.locator('[data-message="m-99999"]').waitFor();
  const log = page.getByRole("log");
  judge("100,000 messages", await wheel(page, log, -TURN));
  expect(await page.locator("[data-message]").count()).toBeLessThan(80);
  // The other end is as near.
  await log.evaluate((element) => {
    element.scrollTop = 0;
  });
  await page.locator('[data-message="m-0"]').waitFor();
  await page.getByRole("button", { name: "Jump to the newest message" }).click();
  await page.locator('[data-message="m-99999"]').waitFor();
  await page.context().close();
});

it("shows 1,000 conversations with few elements, and scrolls them", async () => {
  const page = await at("/");
  const list = page.getByRole("list", { name: "Conversations" });
  await list.getByRole("link").first().waitFor();
  judge("1,000 conversations", await wheel(page, page.locator("nav div:has(> ul)"), TURN));
  expect(await list.getByRole("link").count()).toBeLessThan(40);
  await page.context().close();
});

it("keeps its place when older messages come", async () => {
  const page = await at("/group/group-5");
  await page.locator('[data-message="m-99998"]').waitFor();
  const log = page.getByRole("log");
  // The next page is asked for and does not come yet.
  await page.evaluate(() => (globalThis as unknown as Fixture).halleyFixture.hold());
  await log.hover();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -TURN);
      return log.getAttribute("aria-busy");
    })
    .toBe("true");
  const inView = () =>
    log.evaluate((element) => {
      const top = element.getBoundingClientRect().top;
      const places = [...element.querySelectorAll<HTMLElement>("[data-message]")]
        .map((one) => ({ key: one.dataset.message, y: one.getBoundingClientRect().top }))
        .filter(({ y }) => y >= top);
      return places.sort((a, b) => a.y - b.y)[0];
    });
  // What was scrolled last is drawn in the next frame.
  const still = async () => {
    let [before, now] = [await inView(), await inView()];
    await expect
      .poll(async () => {
        [before, now] = [now, await inView()];
        return before?.key === now?.key && before?.y === now?.y;
      })
      .toBe(true);
    return now;
  };
  const before = await still();
  const height = await log.evaluate(({ scrollHeight }) => scrollHeight);
  await page.evaluate(() => (globalThis as unknown as Fixture).halleyFixture.release());
  await expect.poll(() => log.evaluate(({ scrollHeight }) => scrollHeight)).toBeGreaterThan(height);
  const after = await still();
  expect(after?.key).toBe(before?.key);
  expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(2);
  await page.context().close();
});

/** Lets the page draw so often. */
function frames(page: Page, count: number): Promise<void> {
  return page.evaluate(async (left) => {
    for (; left > 0; left--) await new Promise(requestAnimationFrame);
  }, count);
}

it("opens at the first new message, and counts no older one as new", async () => {
  const page = await at("/group/group-17");
  const log = page.getByRole("log");
  const line = log.getByText("New messages");
  await line.waitFor();
  // An older page that came just now would have taken it away.
  await frames(page, 30);
  await line.waitFor({ timeout: 1_000 });
  // Far from the end older ones come, which nobody has to be told of.
  await log.hover();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -10 * TURN);
      const key = await page.locator("[data-message]").first().getAttribute("data-message");
      return Number(key?.slice(2));
    })
    .toBeLessThan(MESSAGES - LOADED);
  const toNewest = page.getByRole("button", { name: "Jump to the newest message" });
  await toNewest.waitFor();
  expect(await page.getByRole("main").locator(".mantine-Badge-root").count()).toBe(0);
  await toNewest.click();
  await log.getByText("New messages").waitFor();
  await page.context().close();
});

it("goes from conversation to conversation by the arrows", async () => {
  const page = await at("/");
  const list = page.getByRole("list", { name: "Conversations" });
  await list.getByRole("link").first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Cem Stone" }).waitFor();
  await list.locator('[aria-current="page"]').filter({ hasText: "Cem Stone" }).waitFor();
  // From the messages to one of them, and to what can be done with it.
  await page.getByRole("log").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await page.getByRole("toolbar", { name: "Message actions" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
    "Add a reaction",
  );
  await page.context().close();
});
