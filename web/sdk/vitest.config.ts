import { defineConfig } from "vitest/config";

/** `unit` needs nothing but Node.js; `platform` a whole platform and Chromium. */
export default defineConfig({
  resolve: { conditions: ["halley-source"] },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["tests/unit/**/*.test.ts"], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: "platform",
          include: ["tests/platform/**/*.test.ts", "tests/browser/**/*.test.ts"],
          globalSetup: ["@halley-chat/testkit/setup"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
