import type { Off } from "../events/emitter.js";

/** What of a page is used. */
interface Page {
  readonly visibilityState?: string;
  addEventListener(kind: string, listener: () => void): void;
  removeEventListener(kind: string, listener: () => void): void;
}

/** Tells when the page is hidden and shown, and when the network is back. Outside of a page nothing is told. */
export function watchPage(hooks: { onHidden(): void; onShown(): void; onOnline(): void }): Off {
  const { document, addEventListener, removeEventListener } = globalThis as typeof globalThis & {
    document?: Page;
  };
  const changed = () => (document?.visibilityState === "hidden" ? hooks.onHidden() : hooks.onShown());
  document?.addEventListener("visibilitychange", changed);
  const isPage = typeof addEventListener === "function";
  if (isPage) addEventListener("online", hooks.onOnline);
  return () => {
    document?.removeEventListener("visibilitychange", changed);
    if (isPage) removeEventListener("online", hooks.onOnline);
  };
}

/** Ends something when it was in the background for too long. */
export class Grace {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isHidden = false;

  constructor(
    private readonly ms: number,
    private readonly onOver: () => void,
  ) {}

  /** The background begins. */
  begin(): void {
    this.#isHidden = true;
    this.extend();
  }

  /** The time begins anew, if it runs. */
  extend(): void {
    if (!this.#isHidden) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.onOver, this.ms);
  }

  /** The foreground is back. */
  end(): void {
    this.#isHidden = false;
    clearTimeout(this.#timer);
  }
}
