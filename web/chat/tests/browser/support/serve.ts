import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".woff2": "font/woff2",
};

/** The content policy under which the app is served. */
function policy(sockets: readonly string[]): string {
  const media = "'self' data: blob: https: http:";
  return [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${media}`,
    `media-src ${media}`,
    `connect-src 'self' ${sockets.join(" ")}`.trim(),
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export interface Served {
  /** `http://127.0.0.1:PORT/chat/` */
  readonly url: string;
  close(): Promise<void>;
}

interface Options {
  /** Folder of the built files. */
  readonly folder: string;
  /** Where everything that is no file of the app goes. */
  readonly rest?: string;
  /** Addresses that the page may open sockets to. */
  readonly sockets?: readonly string[];
}

/** Serves built files under /chat/ as they will be served, and hands all other requests on. */
export async function serve({ folder, rest, sockets = [] }: Options): Promise<Served> {
  const server = createServer((incoming, answer) => {
    const path = new URL(incoming.url ?? "/", "http://x").pathname;
    if (path.startsWith("/chat/")) file(join(folder, normalize(path.slice(5))), sockets, answer);
    else if (rest) hand(incoming, answer, rest);
    else answer.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/chat/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function file(path: string, sockets: readonly string[], answer: ServerResponse): Promise<void> {
  const name = path.endsWith("/") ? join(path, "index.html") : path;
  const found = await stat(name).catch(() => null);
  if (!found?.isFile()) {
    answer.writeHead(404).end();
    return;
  }
  answer.writeHead(200, {
    "content-type": TYPES[extname(name)] ?? "application/octet-stream",
    "content-security-policy": policy(sockets),
    "x-content-type-options": "nosniff",
  });
  createReadStream(name).pipe(answer);
}

function hand(incoming: IncomingMessage, answer: ServerResponse, rest: string): void {
  const base = new URL(rest);
  const onward = request(
    { host: base.hostname, port: base.port, path: incoming.url, method: incoming.method, headers: incoming.headers },
    (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    },
  );
  onward.on("error", () => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end();
  });
  incoming.pipe(onward);
}
