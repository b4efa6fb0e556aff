import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version.js";

test("the package has one version, and needs no other package", async () => {
  const described = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  expect(described.version).toBe(VERSION);
  expect(described.dependencies).toBeUndefined();
});

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
/** The first block of a language in a section of a text. */
const block = (text: string, heading: string, language: string) =>
  text.split(`## ${heading}`)[1]?.match(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s"))?.[1];

test("what the READMEs say of the first chat is what lies in the package", async () => {
  const readme = await read("README.md");
  const page = await read("examples/first-chat/index.html");
  expect(block(readme, "Your first chat", "html")).toBe(page);
  const commands = block(await read("../../README.md"), "Your first chat in a page of your own", "sh");
  expect(commands).toBe(block(readme, "Your first chat", "sh"));
  expect(await read("../../README.md")).toContain(`The page is ${page.split("\n").length - 1} lines`);
});

test("nothing of a browser is needed to load it", async () => {
  for (const name of ["window", "document", "WebSocket", "indexedDB", "localStorage", "RTCPeerConnection"]) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => {
        throw new Error(`${name} was touched`);
      },
    });
  }
  const { SettingsBuilder } = await import("../../src/index.js");
  expect(new SettingsBuilder("http://h", "app").build().appId).toBe("app");
});
