import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import app from "./vite.config";

/** The app on made-up data: for what is looked at and measured without a server. */
export default defineConfig(
  mergeConfig(app, {
    resolve: {
      alias: { "@halley-chat/sdk": fileURLToPath(new URL("./tests/fixture/sdk.ts", import.meta.url)) },
    },
    build: { outDir: "test-results/fixture", emptyOutDir: true },
  }),
);
