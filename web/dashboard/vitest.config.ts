import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", environment: "node", include: ["src/**/*.test.ts"] } },
      {
        test: {
          name: "browser",
          environment: "node",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/start.ts"],
          // One platform and two cores.
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
