/** Starts one platform for all browser tests, and before it the built dashboard with the policy that the edge sends. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serveSite, startPlatform } from "@halley-chat/testkit";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    site: string;
    owner: { email: string; password: string };
  }
}

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

export default async function start({ provide }: TestProject) {
  if (!existsSync(DIST)) throw new Error("Build the dashboard first: npm run build");
  const platform = await startPlatform("one");
  const site = await serveSite({ folders: { "/dashboard/": DIST }, rest: platform.rest });
  const { email, password } = platform.management;
  if (!email || !password) throw new Error("The platform names no operator who can log in");
  provide("site", site.url);
  provide("owner", { email, password });
  return async () => {
    await site.stop();
    await platform.stop();
  };
}
