/** A refusal of the API, or the want of an answer. */
export class ApiFault extends Error {
  constructor(
    /** The public code, as docs/errors.md lists it; `NETWORK` when no answer came. */
    readonly code: string,
    message: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** What is wrong with which field of the request. */
    readonly fields: Record<string, string> = {},
    /** Seconds to wait before the next try, when the server named them. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = "ApiFault";
  }

  /** The operator's role forbids it. */
  get isDenied(): boolean {
    return this.code === "AUTH_ERR_NO_ACCESS";
  }

  /** The session is over, or never was. */
  get isSignedOut(): boolean {
    return SIGNED_OUT.has(this.code);
  }
}

const SIGNED_OUT = new Set(["AUTH_ERR_EMPTY_AUTH_HEADER", "AUTH_ERR_SESSION_NOT_VALID"]);

/** What a person is told of any error. */
export function faultText(error: unknown): string {
  if (error instanceof ApiFault) {
    if (error.isDenied) return "Your role does not allow this.";
    if (error.code === "AUTH_ERR_CROSS_SITE") return "Your session has changed in another tab. Try again.";
    if (error.code === "NETWORK") return "The server can't be reached. Check the connection and try again.";
    return asSentence(error.message);
  }
  return error instanceof Error ? error.message : "Something went wrong.";
}

/** The server's texts may begin small, as parts of a log's line. */
function asSentence(text: string): string {
  return /^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** Reads the error envelope of an answer. */
export function readFault(body: unknown, response: Response): ApiFault {
  const error = asRecord(asRecord(body).error);
  const code = typeof error.code === "string" ? error.code : `HTTP_${response.status}`;
  const message =
    typeof error.message === "string" ? error.message : `The server answered ${response.status}.`;
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  return new ApiFault(code, message, response.status, readDetails(error.details), retryAfter);
}

function readDetails(details: unknown): Record<string, string> {
  const entries = Object.entries(asRecord(details)).map(([field, texts]) => {
    const text = Array.isArray(texts) ? texts.join(" ") : String(texts);
    return [field, text] as const;
  });
  return Object.fromEntries(entries);
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** What became of one item of a call about several. */
type Fate = { success: boolean; error?: { code: string; message: string } | undefined };

/** Calls about several items answer for each; throws when any item failed, and names it. */
export function allWell(fates: Record<string, unknown>): void {
  const failed = Object.entries(fates as Record<string, Fate>).filter(([, fate]) => fate.success === false);
  if (failed.length === 0) return;
  const texts = failed.map(([id, fate]) => `${id}: ${fate.error?.message ?? "failed"}`);
  throw new ApiFault(failed[0]?.[1].error?.code ?? "FAILED", texts.join("; "), 200);
}
