const SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** A text that nobody else makes: time first, then 80 random bits. */
function fresh(): string {
  const bytes = new Uint8Array(16);
  globalThis.crypto.getRandomValues(bytes);
  const random = Array.from(bytes, (byte) => SYMBOLS[byte % SYMBOLS.length]).join("");
  return `${Date.now().toString(36)}-${random}`;
}

/** A new id of a message, by which a repeated send is known. */
export function newMuid(): string {
  return `m-${fresh()}`;
}

/** A new id of a device. */
export function newDeviceId(): string {
  return `web-${fresh()}`;
}

/** Compares ids of messages, which are decimal and have no leading zeros. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
