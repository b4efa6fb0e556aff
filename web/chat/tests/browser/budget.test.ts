import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const BUILT = fileURLToPath(new URL("../../dist/", import.meta.url));
/** Bytes of compressed JavaScript until somebody who is logged in sees a conversation. */
const BUDGET = 250_000;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
}

/** A chunk and all that it can't do without. */
function closure(
  manifest: Record<string, Chunk>,
  names: readonly string[],
  found = new Set<string>(),
): Set<string> {
  for (const name of names) {
    const chunk = manifest[name];
    if (!chunk || found.has(chunk.file)) continue;
    found.add(chunk.file);
    closure(manifest, chunk.imports ?? [], found);
  }
  return found;
}

async function compressed(files: Iterable<string>): Promise<number> {
  const sizes = await Promise.all(
    [...files].map(async (file) => gzipSync(await readFile(BUILT + file)).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

it("loads less than 250 kB of JavaScript at first", async () => {
  const manifest = JSON.parse(await readFile(`${BUILT}.vite/manifest.json`, "utf8")) as Record<string, Chunk>;
  const files = closure(manifest, ["index.html", "src/app/Shell.tsx"]);
  const names = [...files].filter((file) => file.endsWith(".js"));
  expect(names.length).toBeGreaterThan(1);
  const size = await compressed(names);
  console.info(`JavaScript at first load: ${size} bytes, compressed`);
  expect(size).toBeLessThan(BUDGET);
});
