// Fails when what a chat takes of the package is larger than it may be, compressed.
import { readFile, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** By what an app imports: the most bytes of it, compressed. */
const BUDGETS = [
  {
    names: "HalleyChat, SettingsBuilder, webStorage, openConversations, openMessages, toUser",
    bytes: 25 * 1024,
  },
  { names: "SettingsBuilder", bytes: 3 * 1024 },
];
const ENTRY = "halley:entry";
const OUT = "dist/size";
const sdk = new URL("../src/index.ts", import.meta.url).pathname;

for (const { names, bytes } of BUDGETS) {
  const source = `import { ${names} } from ${JSON.stringify(sdk)};\nglobalThis.app = [${names}];\n`;
  await build({
    configFile: false,
    logLevel: "error",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === ENTRY ? ENTRY : undefined),
        load: (id) => (id === ENTRY ? source : undefined),
      },
    ],
    build: {
      outDir: OUT,
      target: "es2022",
      rolldownOptions: { input: ENTRY, output: { entryFileNames: "entry.js" } },
    },
  });
  const size = gzipSync(await readFile(`${OUT}/entry.js`)).length;
  console.log(`${size} of ${bytes} bytes: ${names}`);
  if (size > bytes) process.exitCode = 1;
}
await rm(OUT, { recursive: true, force: true });
