import { startPlatform } from "./platform.js";

/**
 * Starts one platform for all tests of a run, as a `globalSetup` of Vitest: what asks for a platform of one process then gets
 * this one. Tests must not stop it, and make users, groups and apps of their own.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.HALLEY_RUNNING) return undefined;
  const platform = await startPlatform("one");
  process.env.HALLEY_RUNNING = platform.dataDir;
  return async () => {
    delete process.env.HALLEY_RUNNING;
    await platform.stop();
  };
}
