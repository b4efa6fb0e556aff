import { fileURLToPath } from "node:url";
import { type Platform, type Site, type SiteOptions, serveSite } from "@halley-chat/testkit";

const BUILT = fileURLToPath(new URL("../../../dist/", import.meta.url));
const FIXTURE = fileURLToPath(new URL("../../../test-results/fixture/", import.meta.url));

/** The app on made-up data. */
export function serveFixture(): Promise<Site> {
  return serveSite({ folders: { "/chat/": FIXTURE } });
}

/** The app before each edge of a platform: the i-th tells its clients the socket of the i-th gateway. */
export function serveApp(platform: Platform): Promise<Site[]> {
  const { websockets = [] } = platform as Platform & { readonly websockets?: readonly string[] };
  const sockets = websockets.map((address) => new URL(address).host);
  return Promise.all(
    platform.rests.map((rest) => {
      const options: SiteOptions & { sockets: readonly string[] } = {
        folders: { "/chat/": BUILT },
        rest,
        sockets,
      };
      return serveSite(options);
    }),
  );
}
