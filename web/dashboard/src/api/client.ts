/** The one way to the server: typed calls of the documented REST API, by the operator's session. */

import createClient, { type Client, type Middleware } from "openapi-fetch";
import { ApiFault, readFault } from "./fault";
import type { paths } from "./schema";

export type Api = Client<paths>;

const UNSAFE = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** The token that proves that a change comes from this page. It lives in memory only: a reload asks the server for it. */
let csrfToken = "";
let whenSignedOut: () => void = () => {};
let whenTokenIsStale: () => void = () => {};

/** Keeps the token of the session for the calls to come. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when the server says that the session is over. */
export function onSignedOut(listener: () => void): void {
  whenSignedOut = listener;
}

/** Called when the token is another session's: somebody has signed in anew in another tab. */
export function onStaleToken(listener: () => void): void {
  whenTokenIsStale = listener;
}

/** The headers with which this page makes a call of that method in its own name; the console sends them, too. */
export function sessionHeaders(method: string): Record<string, string> {
  return UNSAFE.has(method) ? { "x-csrf-token": csrfToken } : {};
}

const session: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(sessionHeaders(request.method)))
      request.headers.set(name, value);
    return request;
  },
};

function newClient(headers: Record<string, string>, baseUrl = ""): Api {
  const client = createClient<paths>({
    baseUrl,
    credentials: "same-origin",
    headers,
    querySerializer: { array: { style: "form", explode: false } },
  });
  client.use(session);
  return client;
}

/** Calls about operators and apps. */
export const management: Api = newClient({});

const ofApps = new Map<string, Api>();

/** Calls within one app; `baseUrl` names another server than the page's own, in tests. */
export function apiOf(appId: string, baseUrl = ""): Api {
  const known = ofApps.get(appId);
  if (known) return known;
  const api = newClient({ appid: appId }, baseUrl);
  ofApps.set(appId, api);
  return api;
}

type Call<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** The body of a good answer; throws an ApiFault for every other, and tells when the session is over. */
export async function answer<T>(call: Call<T>): Promise<T> {
  try {
    return await bareAnswer(call);
  } catch (error) {
    if (error instanceof ApiFault && error.isSignedOut) whenSignedOut();
    if (error instanceof ApiFault && error.code === "AUTH_ERR_CROSS_SITE") whenTokenIsStale();
    throw error;
  }
}

/** The same for who asks whether there is a session. */
export async function bareAnswer<T>(call: Call<T>): Promise<T> {
  let result: { data?: T; error?: unknown; response: Response };
  try {
    result = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiFault("NETWORK", "No answer", 0);
  }
  if (result.response.ok) return result.data as T;
  throw readFault(result.error, result.response);
}
