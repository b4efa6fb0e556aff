import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** The emoji picker fetches its data by these names, from this host only. */
const EMOJI_FILES = ["data", "messages"];

function emojiData(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: "emoji-data",
    apply: "build",
    async generateBundle() {
      for (const name of EMOJI_FILES) {
        const source = await readFile(resolve(`emojibase-data/en/${name}.json`));
        this.emitFile({ type: "asset", fileName: `assets/emoji/en/${name}.json`, source });
      }
    },
  };
}

export default defineConfig({
  base: "/chat/",
  plugins: [react(), emojiData()],
  resolve: { conditions: ["halley-source", "module", "browser", "development|production"] },
  build: {
    target: "es2022",
    // The content policy allows neither inline scripts nor inline styles.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
  },
});
