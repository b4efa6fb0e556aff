import { launchBrowser, type Site } from "@halley-chat/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
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

async function at(path: string): Promise<Page> {
  const { page } = await openPatiently(browser);
  await page.addInitScript(() => sessionStorage.setItem("halley-chat.app", "demo"));
  await page.goto(`${site.url}/chat/#${path}`);
  return page;
}

/**
 * Scrolls an element by many small steps, one a frame; gives how long the slowest tenth of the frames took, in ms. It is told, not
 * judged: it says more of the machine than of the page.
 */
function scroll(page: Page, selector: string, by: number, steps: number): Promise<number> {
  return page.evaluate(
    async ({ selector, by, steps }) => {
      const element = document.querySelector(selector);
      if (!element) throw new Error(`there is no ${selector}`);
      const frame = () => new Promise<number>((done) => requestAnimationFrame(done));
      const times: number[] = [];
      let before = await frame();
      for (let step = 0; step < steps; step++) {
        element.scrollTop += by;
        const now = await frame();
        times.push(now - before);
        before = now;
      }
      return times.sort((a, b) => a - b)[Math.floor(steps * 0.9)] ?? 0;
    },
    { selector, by, steps },
  );
}

it("shows 100,000 messages with few elements, and scrolls them", async () => {
  const page = await at("/group/group-1");
  await page.locator('[data-message="m-99999"]').waitFor();
  const slow = await scroll(page, '[role="log"]', -400, 120);
  console.info(`messages: the slowest tenth of frames took ${Math.round(slow)} ms or more`);
  expect(await page.locator("[data-message]").count()).toBeLessThan(80);
  // The other end is as near.
  await page.getByRole("log").evaluate((log) => {
    log.scrollTop = 0;
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
  const slow = await scroll(page, "nav div:has(> ul)", 500, 120);
  console.info(`conversations: the slowest tenth of frames took ${Math.round(slow)} ms or more`);
  expect(await list.getByRole("link").count()).toBeLessThan(40);
  await page.context().close();
});

it("keeps its place when older messages come", async () => {
  const page = await at("/group/group-5");
  await page.locator('[data-message="m-99998"]').waitFor();
  // Up, until more than the first page is there.
  await scroll(page, '[role="log"]', -300, 60);
  const inView = () =>
    page.getByRole("log").evaluate((log) => {
      const top = log.getBoundingClientRect().top;
      const all = [...log.querySelectorAll<HTMLElement>("[data-message]")];
      const first = all
        .filter((one) => one.getBoundingClientRect().top >= top)
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)[0];
      return { key: first?.dataset.message, y: Math.round(first?.getBoundingClientRect().top ?? 0) };
    });
  const before = await inView();
  await page.getByRole("log").evaluate((log) => new Promise((done) => setTimeout(done, 400, log)));
  expect((await inView()).key).toBe(before.key);
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
