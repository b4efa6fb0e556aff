import { HalleyError, LocalCode } from "../errors.js";
import { newDeviceId } from "../model/ids.js";
import { number, object, objects, type Raw, text } from "../model/json.js";
import { readUser, type User } from "../model/user.js";
import type { Settings } from "../settings.js";

/** A reason for which messages are reported. */
export interface FlagReason {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
}

/** What the server says of the app and of itself. */
export interface ServerSettings {
  /** Which notes the socket takes: all, no typing, or neither typing nor transient messages. */
  readonly mode: "DEFAULT" | "LIMITED_TRANSIENT" | "NO_TRANSIENT";
  readonly flagReasons: readonly FlagReason[];
  /** Most files of a message. */
  readonly maxFiles: number;
  readonly socketUrl: string;
  readonly raw: Raw;
}

/** A login on this device. */
export interface Session {
  readonly user: User;
  readonly authToken: string;
  /** Opens the socket. */
  readonly jwt: string;
  readonly deviceId: string;
  readonly server: ServerSettings;
}

const FILES_DEFAULT = 10;
/** What the settings name where they name no port of their own. */
const HTTPS_PORT = "443";

/** Reads what a login answered. */
export function readLogin(settings: Settings, deviceId: string, value: unknown): Session {
  const raw = object(value);
  const jwt = text(raw.jwt);
  const authToken = text(raw.authToken);
  if (jwt === undefined || authToken === undefined) {
    throw HalleyError.local(LocalCode.Shape, "The login's answer has no jwt or no authToken.");
  }
  return { user: readUser(raw), authToken, jwt, deviceId, server: readServer(settings, raw.settings) };
}

function readServer(settings: Settings, value: unknown): ServerSettings {
  const raw = object(value);
  const mode = raw.MODE === "LIMITED_TRANSIENT" || raw.MODE === "NO_TRANSIENT" ? raw.MODE : "DEFAULT";
  const parameters = object(raw.parameters);
  return {
    mode,
    flagReasons: objects(raw.flagReasons).map((reason) => ({
      id: text(reason.id) ?? "",
      name: text(reason.name) ?? text(reason.id) ?? "",
      ...(typeof reason.description === "string" && { description: reason.description }),
    })),
    maxFiles: number(parameters["file.count.max"]) ?? FILES_DEFAULT,
    socketUrl: settings.socketUrl ?? socketUrl(settings.host, raw),
    raw,
  };
}

/** The socket that the settings name; its scheme is that of the API. */
function socketUrl(host: string, raw: Raw): string {
  const found = text(raw.CHAT_HOST);
  if (found === undefined) throw HalleyError.local(LocalCode.Shape, "The settings have no CHAT_HOST.");
  const isSecure = host.startsWith("https:");
  const port = raw.CHAT_WSS_PORT === undefined ? undefined : String(raw.CHAT_WSS_PORT);
  // The default port is that of TLS; without TLS it stands for none.
  const isNone = port === undefined || (!isSecure && port === HTTPS_PORT);
  return `${isSecure ? "wss" : "ws"}://${found}${isNone ? "" : `:${port}`}`;
}

/** Keeps a login in the storage. */
export class SessionKeeper {
  readonly #key: string;
  readonly #deviceKey: string;

  constructor(private readonly settings: Settings) {
    this.#key = `halley:${settings.appId}:session`;
    this.#deviceKey = `halley:${settings.appId}:device`;
  }

  /** The login that was kept; undefined if there is none, or it can't be read. */
  async load(): Promise<Session | undefined> {
    const raw = object(await this.settings.storage.get(this.#key));
    const deviceId = text(raw.deviceId);
    if (deviceId === undefined) return undefined;
    try {
      return readLogin(this.settings, deviceId, raw.login);
    } catch {
      return undefined;
    }
  }

  /** Keeps the login's answer. */
  async save(deviceId: string, login: unknown): Promise<void> {
    await this.settings.storage.set(this.#key, { deviceId, login });
  }

  async forget(): Promise<void> {
    await this.settings.storage.delete(this.#key);
  }

  /** The id of this device; it outlives logins. */
  async deviceId(): Promise<string> {
    const kept = text(await this.settings.storage.get(this.#deviceKey));
    if (kept !== undefined) return kept;
    const fresh = newDeviceId();
    await this.settings.storage.set(this.#deviceKey, fresh);
    return fresh;
  }
}
