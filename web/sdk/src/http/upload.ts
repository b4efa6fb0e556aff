import { HalleyError, LocalCode } from "../errors.js";
import { object } from "../model/json.js";
import type { Settings } from "../settings.js";
import { fetchWith, refusal } from "./http.js";

/** A form with a file, and where it goes. */
export interface Upload {
  readonly url: string;
  readonly form: FormData;
  readonly signal: AbortSignal;
  /** How much is sent, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Sends a form. Browsers tell of its progress; elsewhere only its end is known. */
export function upload(settings: Settings, request: Upload): Promise<void> {
  const isBrowser = settings.fetch === undefined && typeof globalThis.XMLHttpRequest === "function";
  return isBrowser ? byXhr(request) : byFetch(settings, request);
}

async function byFetch(settings: Settings, { url, form, signal, onProgress }: Upload): Promise<void> {
  const init = { method: "POST", body: form, signal, credentials: "omit" } as const;
  const response = await fetchWith(settings)(url, init).catch((thrown: unknown) => {
    throw signal.aborted
      ? cancelled()
      : HalleyError.local(LocalCode.Network, "The upload broke off.", thrown);
  });
  if (!response.ok) throw refusal(response, object(await response.json().catch(() => undefined)));
  onProgress(1);
}

function byXhr({ url, form, signal, onProgress }: Upload): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(refusal(request, object(request.response)));
    };
    request.onerror = () => reject(HalleyError.local(LocalCode.Network, "The upload broke off."));
    request.onabort = () => reject(cancelled());
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) reject(cancelled());
    else request.send(form);
  });
}

function cancelled(): HalleyError {
  return HalleyError.local(LocalCode.Cancelled, "The message was taken back.");
}
