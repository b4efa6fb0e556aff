import { AUTH_TOKEN_NOT_FOUND, type ErrorDetails, HalleyError, LocalCode } from "../errors.js";
import { number, object, type Raw, text } from "../model/json.js";
import type { Settings } from "../settings.js";
import { VERSION } from "../version.js";

/** What may stand in a query: lists with commas, truths as 1; undefined and false are left out. */
export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** A query by its names. */
export type Query = Readonly<Record<string, QueryValue>>;

/** How one call differs from others. */
export interface CallOptions {
  readonly query?: Query;
  readonly body?: unknown;
  /** Calls with this key in place of the user's auth token. */
  readonly authKey?: string;
  /** Calls with this auth token, before there is a session. */
  readonly authToken?: string;
  /** Path without the API's version, on the same host. */
  readonly isBare?: boolean;
}

/** What a call answered. */
export interface Answer {
  readonly data: unknown;
  readonly meta: Raw;
  /** All of it, for the few answers that are no envelope. */
  readonly body: Raw;
}

/** Who calls. */
export interface Caller {
  readonly authToken: string | undefined;
  readonly deviceId: string | undefined;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Further tries of a call that changes nothing. */
const READ_RETRIES = 2;
const RETRY_FIRST_MS = 300;
const RETRY_LONGEST_MS = 5_000;

/** Calls of the API. */
export class Http {
  constructor(
    private readonly settings: Settings,
    private readonly caller: () => Caller,
    private readonly onLoggedOut: () => void,
  ) {}

  /** Calls and gives what the answer holds; reads are tried again when that may help. */
  async call(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#once(method, path, options);
      } catch (thrown) {
        const error = HalleyError.from(thrown);
        const wait = error.retryAfterMs ?? RETRY_FIRST_MS * 2 ** tries * (0.5 + Math.random());
        if (method !== "GET" || !error.isRetryable || tries >= READ_RETRIES || wait > RETRY_LONGEST_MS)
          throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  /** The `data` of an answer. */
  async data(method: Method, path: string, options?: CallOptions): Promise<unknown> {
    return (await this.call(method, path, options)).data;
  }

  async #once(method: Method, path: string, options: CallOptions): Promise<Answer> {
    const url = `${this.settings.host}${options.isBare ? "" : "/v3"}${path}${queryOf(options.query)}`;
    const init: RequestInit = {
      method,
      headers: this.#headers(options),
      signal: AbortSignal.timeout(this.settings.timings.http),
      credentials: "omit",
    };
    if (options.body !== undefined) init.body = JSON.stringify(options.body);
    const response = await fetchWith(this.settings)(url, init).catch((thrown: unknown) => {
      throw failure(thrown);
    });
    const body = object(await response.json().catch(() => undefined));
    if (response.ok && "data" in body) return { data: body.data, meta: object(body.meta), body };
    if (response.ok) return { data: body, meta: {}, body };
    const error = refusal(response, body);
    if (
      error.code === AUTH_TOKEN_NOT_FOUND &&
      options.authToken === undefined &&
      options.authKey === undefined
    ) {
      this.onLoggedOut();
    }
    throw error;
  }

  #headers(options: CallOptions): Record<string, string> {
    const { authToken, deviceId } = this.caller();
    const headers: Record<string, string> = {
      accept: "application/json",
      appid: this.settings.appId,
      sdk: `halley-js@${VERSION}`,
    };
    if (options.body !== undefined) headers["content-type"] = "application/json";
    if (deviceId !== undefined) headers.resource = deviceId;
    const token = options.authToken ?? authToken;
    if (options.authKey !== undefined) headers.apikey = options.authKey;
    else if (token !== undefined) headers.authtoken = token;
    return headers;
  }
}

/** The `fetch` to use. */
export function fetchWith(settings: Settings): typeof globalThis.fetch {
  const found = settings.fetch ?? globalThis.fetch;
  if (found === undefined)
    throw HalleyError.local(LocalCode.Missing, "There is no fetch here; give one to the settings.");
  // Browsers want it called on the global object.
  return found.bind(globalThis);
}

/** A path's segment. */
export function segment(id: string): string {
  return encodeURIComponent(id);
}

/** The error that an answer tells. */
export function refusal(response: { status: number; headers?: Headers }, body: Raw): HalleyError {
  const error = object(body.error);
  const after = number(response.headers?.get("retry-after") ?? undefined);
  const { status } = response;
  return new HalleyError({
    code: text(error.code) ?? (status >= 500 ? LocalCode.Network : LocalCode.Shape),
    message: text(error.message) ?? `The server answered with status ${status}.`,
    status,
    details: error.details === undefined ? undefined : (object(error.details) as ErrorDetails),
    retryAfterMs: after === undefined ? undefined : after * 1000,
  });
}

function failure(thrown: unknown): HalleyError {
  const isTimeout = thrown instanceof Error && thrown.name === "TimeoutError";
  return isTimeout
    ? HalleyError.local(LocalCode.Timeout, "The server did not answer in time.", thrown)
    : HalleyError.local(LocalCode.Network, "The server can't be reached.", thrown);
}

function queryOf(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false || value === "") continue;
    if (Array.isArray(value) && value.length === 0) continue;
    search.set(name, value === true ? "1" : Array.isArray(value) ? value.join(",") : String(value));
  }
  const written = search.toString();
  return written === "" ? "" : `?${written}`;
}
