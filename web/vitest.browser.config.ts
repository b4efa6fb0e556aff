import { defineConfig } from "vitest/config";

const resolve = { conditions: ["halley-source"] };
// In a browser on a busy machine a page may be slower than any patience: CI asks once more before it believes a failure.
const retry = process.env.CI ? 1 : 0;
// A poll would give up after a second.
const expect = { poll: { timeout: 20_000 } };
const limits = { testTimeout: 120_000, hookTimeout: 120_000, retry, expect };

/**
 * What needs a platform and Chromium; the apps are built before. One platform is started for all, and files have it one after
 * the other: some kill processes of it.
 */
export default defineConfig({
  test: {
    globalSetup: ["testkit/src/setup.ts"],
    fileParallelism: false,
    projects: [
      {
        root: "sdk",
        resolve,
        test: {
          name: "sdk",
          include: ["tests/platform/**/*.test.ts", "tests/browser/**/*.test.ts"],
          ...limits,
        },
      },
      {
        root: "chat",
        resolve,
        test: {
          name: "chat",
          include: ["tests/browser/**/*.test.ts"],
          globalSetup: ["tests/fixture/build.ts"],
          ...limits,
        },
      },
      { root: "dashboard", resolve, test: { name: "dashboard", include: ["test/**/*.test.ts"], ...limits } },
    ],
  },
});
