import { afterEach, expect, it, vi } from "vitest";
import { kept } from "../../src/model/kept";

function storageOf(content: Record<string, string>): Storage {
  return {
    getItem: (name: string) => content[name] ?? null,
    setItem: (name: string, value: string) => {
      content[name] = value;
    },
  } as Storage;
}

afterEach(() => vi.unstubAllGlobals());

it("outlives the page, and what can't be read is as good as nothing", () => {
  vi.stubGlobal("addEventListener", () => {});
  const content: Record<string, string> = {};
  const storage = storageOf(content);
  const names = kept<readonly string[]>(storage, "names", []);
  let told = 0;
  const off = names.subscribe(() => told++);
  names.put(["ann"]);
  off();
  names.put(["ann", "bob"]);
  expect(told).toBe(1);
  expect(kept<readonly string[]>(storage, "names", []).getSnapshot()).toEqual(["ann", "bob"]);
  content.names = "{";
  expect(kept<readonly string[]>(storage, "names", []).getSnapshot()).toEqual([]);
});

it("follows what other tabs put there", () => {
  let tell = (_: unknown) => {};
  vi.stubGlobal("addEventListener", (_: string, listener: typeof tell) => {
    tell = listener;
  });
  const storage = storageOf({});
  const wished = kept(storage, "wished", false);
  tell({ storageArea: storage, key: "other", newValue: "true" });
  expect(wished.getSnapshot()).toBe(false);
  tell({ storageArea: storage, key: "wished", newValue: "true" });
  expect(wished.getSnapshot()).toBe(true);
  tell({ storageArea: storage, key: "wished", newValue: null });
  expect(wished.getSnapshot()).toBe(false);
});
