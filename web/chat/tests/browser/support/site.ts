import { fileURLToPath } from "node:url";
import { type Site, serveSite } from "@halley-chat/testkit";

const FIXTURE = fileURLToPath(new URL("../../../test-results/fixture/", import.meta.url));

/** The app on made-up data. The one that is for people comes from the platform. */
export function serveFixture(): Promise<Site> {
  return serveSite({ folders: { "/chat/": FIXTURE } });
}
