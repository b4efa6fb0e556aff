import { fileURLToPath } from "node:url";
import { type Platform, type Site, serveSite } from "@halley-chat/testkit";
import type { BrowserContext } from "playwright-core";

const BUILT = fileURLToPath(new URL("../../../dist/", import.meta.url));
const FIXTURE = fileURLToPath(new URL("../../../test-results/fixture/", import.meta.url));

/** The app on made-up data. */
export function serveFixture(): Promise<Site> {
  return serveSite({ folders: { "/chat/": FIXTURE } });
}

/** The app before an edge. */
export interface AppSite extends Site {
  /** Addresses of sockets that the edge may name, as `ws://127.0.0.1:1234`; none: it names its own host. */
  readonly sockets: readonly string[];
}

/** The app before each edge of a platform: the i-th tells its clients the socket of the i-th gateway. */
export function serveApp(platform: Platform): Promise<AppSite[]> {
  const { websockets = [] } = platform as Platform & { readonly websockets?: readonly string[] };
  const sockets = websockets.map((address) => new URL(address).origin);
  return Promise.all(
    platform.rests.map(async (rest) => {
      const site = await serveSite({ folders: { "/chat/": BUILT }, rest });
      return { ...site, sockets };
    }),
  );
}

/** Adds the sockets to the page's policy, as an edge does that knows them. */
export async function allowSockets(context: BrowserContext, { url, sockets }: AppSite): Promise<void> {
  if (sockets.length === 0) return;
  const { host } = new URL(url);
  const isPage = (asked: URL) => asked.host === host && asked.pathname === "/chat/";
  await context.route(isPage, async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    const policy = headers["content-security-policy"] ?? "";
    const wider = policy.replace("connect-src 'self'", `connect-src 'self' ${sockets.join(" ")}`);
    await route.fulfill({ response, headers: { ...headers, "content-security-policy": wider } });
  });
}
