/** Tables that the API does not tell are copied from the server's code; these tests keep the copies true. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MATRIX } from "../api/rights";
import { FEATURES as CALLS } from "../pages/roles/features";
import { FEATURES, LIMITS } from "../pages/settings/catalogue";
import { CURRENT, LEGACY } from "../pages/webhooks/triggers";

const model = (file: string) =>
  readFileSync(new URL(`../../../../crates/model/src/${file}`, import.meta.url), "utf8");

/** The rows of a `name! { … }` table of settings.rs. */
function table(source: string, begin: string): string {
  const from = source.lastIndexOf(begin);
  expect(from).toBeGreaterThan(-1);
  return source.slice(from, source.indexOf("\n}", from));
}

test("the settings are those of the server", () => {
  const source = model("settings.rs");
  const limits = [
    ...table(source, "\nlimits! {").matchAll(/"([^"]+)" ([\d_]+) ([\d_]+) (\w+) [^"]+ "([^"]+)";/g),
  ];
  const number = (text: string | undefined) => Number(text?.replaceAll("_", ""));
  expect(LIMITS).toEqual(
    limits.map(([, key, value, ceiling, unit, meaning]) => ({
      key,
      default: number(value),
      ceiling: number(ceiling),
      unit,
      meaning,
    })),
  );
  const features = [...table(source, "\nfeatures! {").matchAll(/"([^"]+)" (true|false) "([^"]+)";/g)];
  expect(FEATURES).toEqual(
    features.map(([, key, value, meaning]) => ({ key, default: value === "true", meaning })),
  );
});

test("the triggers are those of the server", () => {
  const source = model("triggers.rs");
  const [current, legacy] = source.slice(source.indexOf("pub const CURRENT")).split("pub const LEGACY");
  const rows = (text = "") =>
    [...text.matchAll(/trigger\("([^"]+)", "([^"]+)", "([^"]+)"\)/g)].map(
      ([, id, category, description]) => ({
        id,
        category,
        description,
      }),
    );
  expect(CURRENT).toEqual(rows(current));
  expect(LEGACY).toEqual(rows(legacy));
});

test("the calls that a role can be denied are those of the server", () => {
  const rows = [...table(model("permissions/feature.rs"), "\ncatalogue! {").matchAll(/^ {4}\w+ "(\w+)" "/gm)];
  expect(CALLS).toEqual(rows.map(([, key]) => key));
});

test("operators may do what the server lets them", () => {
  const rows = [...model("team.rs").matchAll(/\(Area::(\w+), \["(\w*)", "(\w*)", "(\w*)"\]\)/g)];
  expect(rows.length).toBeGreaterThan(0);
  const server = Object.fromEntries(
    rows.map(([, area = "", ...words]) => [area.toLowerCase(), words.map((word) => word.toUpperCase())]),
  );
  for (const [area, words] of Object.entries(MATRIX)) {
    expect(words, area).toEqual(server[area === "keys" ? "apikeys" : area]);
  }
});
