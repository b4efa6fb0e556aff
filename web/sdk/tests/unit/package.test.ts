import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version.js";

test("the package has one version, and needs no other package", async () => {
  const described = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  expect(described.version).toBe(VERSION);
  expect(described.dependencies).toBeUndefined();
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
