import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { type Platform, startPlatform } from "./platform.js";
import type { SharedPlatform } from "./shared.js";

/**
 * Starts one platform of many processes for all tests of a run, as a `globalSetup` of Vitest. Tests get it by
 * `sharedPlatform`; its processes are commanded over a small server, for the tests are in processes of their own.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const { command, stop, ...told } = await startPlatform("many");
  const server = createServer((request, response) => {
    obey(command, request).then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const shared: SharedPlatform = { ...told, control: `http://127.0.0.1:${port}` };
  provide("platform", shared);
  return async () => {
    server.close();
    await stop();
  };
}

async function obey(command: Platform["command"], request: IncomingMessage): Promise<void> {
  await command(await text(request));
}
