/** What the server said about a failure, field by field. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** Codes of failures that no server answered; all other codes are the server's. */
export const LocalCode = {
  /** Nothing, or not everything, came back: whether the server acted is unknown. */
  Network: "SDK_NETWORK",
  /** No answer in time: whether the server acted is unknown. */
  Timeout: "SDK_TIMEOUT",
  /** A success answer that is not what the protocol promises. */
  Shape: "SDK_UNEXPECTED_ANSWER",
  /** Nobody is logged in. */
  NotLoggedIn: "SDK_NOT_LOGGED_IN",
  /** The caller took it back. */
  Cancelled: "SDK_CANCELLED",
  /** What is needed is not there: no WebSocket, no fetch, no storage, no camera. */
  Missing: "SDK_MISSING",
  /** A setting or an argument can't be used. */
  Argument: "SDK_ARGUMENT",
} as const;

/** The server's word for a dead auth token: the user is logged out. */
export const AUTH_TOKEN_NOT_FOUND = "AUTH_ERR_AUTH_TOKEN_NOT_FOUND";

const TOO_MANY_REQUESTS = 429;

/** Facts of a failure that survive being stored. */
export interface ErrorFacts {
  /** For programs; stable. */
  readonly code: string;
  /** For people; may change. */
  readonly message: string;
  /** HTTP status; 0 when no server answered. */
  readonly status: number;
  /** The fields at fault, when the server named any. */
  readonly details?: ErrorDetails | undefined;
  /** How long to wait before the next try, in milliseconds, when the server said so. */
  readonly retryAfterMs?: number | undefined;
}

/** Every failure of this package. */
export class HalleyError extends Error {
  override readonly name = "HalleyError";
  /** For programs; stable. */
  readonly code: string;
  /** HTTP status; 0 when no server answered. */
  readonly status: number;
  /** The fields at fault, when the server named any. */
  readonly details: ErrorDetails | undefined;
  /** How long to wait before the next try, in milliseconds, when the server said so. */
  readonly retryAfterMs: number | undefined;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.code = facts.code;
    this.status = facts.status;
    this.details = facts.details;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** A failure that no server answered. */
  static local(code: string, message: string, cause?: unknown): HalleyError {
    return new HalleyError({ code, message, status: 0 }, cause === undefined ? undefined : { cause });
  }

  /** Any thrown value as a `HalleyError`. */
  static from(thrown: unknown): HalleyError {
    if (thrown instanceof HalleyError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return HalleyError.local(LocalCode.Network, message, thrown);
  }

  /** Whether the same call may succeed later. A send is safe to repeat only with the same muid. */
  get isRetryable(): boolean {
    if (this.status === 0) return this.isNetwork;
    return this.status === TOO_MANY_REQUESTS || this.status >= 500;
  }

  /** Whether the server could not be reached. */
  get isNetwork(): boolean {
    return this.code === LocalCode.Network || this.code === LocalCode.Timeout;
  }

  /** Whether the login is dead, so that only a new one helps. */
  get isLoggedOut(): boolean {
    return this.code === AUTH_TOKEN_NOT_FOUND;
  }

  /** The facts alone, to be stored or sent. */
  toJSON(): ErrorFacts {
    const { code, message, status, details, retryAfterMs } = this;
    return { code, message, status, details, retryAfterMs };
  }
}
