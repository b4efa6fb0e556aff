import { defineConfig } from "vitest/config";

/** What needs nothing but Node.js. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    projects: [
      {
        extends: "./sdk/vite.config.ts",
        root: "sdk",
        test: { name: "sdk", include: ["tests/unit/**/*.test.ts"] },
      },
      {
        extends: "./chat/vite.config.ts",
        root: "chat",
        test: { name: "chat", include: ["tests/unit/**/*.test.ts"] },
      },
      { root: "dashboard", test: { name: "dashboard", include: ["src/**/*.test.ts"] } },
    ],
  },
});
