import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { extname, join, normalize } from "node:path";

/** What is served. */
export interface SiteOptions {
  /** Folders by their path, as `{"/chat/": "/…/web/chat/dist"}`. A path that is no file gives the folder's `index.html`. */
  readonly folders: Readonly<Record<string, string>>;
  /** Base of the API; everything else goes there, sockets, too, so that page and API have one origin. */
  readonly rest?: string;
  /** Addresses of sockets that pages may open, besides those of the site itself. */
  readonly sockets?: readonly string[];
  /** Without the policy, for pages that are none of the edge's. */
  readonly isLax?: boolean;
}

/** A site that runs. */
export interface Site {
  readonly url: string;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".ico": "image/x-icon",
};

/** The policy that the edge sends with the pages of the apps. */
function policy(host: string, sockets: readonly string[]): string {
  return [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob: https: http:",
    "media-src 'self' data: blob: https: http:",
    "font-src 'self'",
    `connect-src 'self' ws://${host} wss://${host} ${sockets.join(" ")}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Serves pages that are none of the platform's with the edge's policy, in front of a platform. */
export async function serveSite(options: SiteOptions): Promise<Site> {
  const server = createServer((incoming, outgoing) => {
    void answer(options, incoming, outgoing).catch(() => outgoing.destroy());
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (incoming, socket: Socket, head) => upgrade(options, incoming, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}`, stop: () => stop(server, sockets) };
}

async function answer(
  options: SiteOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const path = decodeURIComponent(new URL(incoming.url ?? "/", "http://site").pathname);
  const found = Object.entries(options.folders).find(([prefix]) => path.startsWith(prefix));
  if (found === undefined) return forward(options, incoming, outgoing);
  const [prefix, folder] = found;
  const rest = normalize(path.slice(prefix.length)).replace(/^(\.\.(\/|$))+/, "");
  const file = await readFile(join(folder, rest)).catch(() => undefined);
  const isAsset = extname(rest) !== "";
  if (file === undefined && isAsset) return void outgoing.writeHead(404).end();
  const body = file ?? (await readFile(join(folder, "index.html")));
  outgoing.writeHead(200, {
    "content-type":
      file === undefined ? TYPES[".html"] : (TYPES[extname(rest)] ?? "application/octet-stream"),
    ...(!options.isLax && {
      "content-security-policy": policy(incoming.headers.host ?? "127.0.0.1", options.sockets ?? []),
    }),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  outgoing.end(body);
}

function forward({ rest }: SiteOptions, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (rest === undefined) return void outgoing.writeHead(404).end();
  const { method, headers, url } = incoming;
  const onward = request(new URL(url ?? "/", rest), { method, headers }, (answered) => {
    outgoing.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(outgoing);
  });
  onward.on("error", () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

/** Passes a WebSocket on byte by byte. */
function upgrade({ rest }: SiteOptions, incoming: IncomingMessage, socket: Socket, head: Buffer): void {
  if (rest === undefined) return void socket.destroy();
  const { hostname, port } = new URL(rest);
  const onward = connect(Number(port), hostname, () => {
    const raw = incoming.rawHeaders;
    const headers = raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : []));
    onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  const end = () => {
    socket.destroy();
    onward.destroy();
  };
  for (const either of [socket, onward]) {
    either.on("error", end);
    either.on("close", end);
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
