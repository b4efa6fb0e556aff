/** Waits that double with each try and are spread, so that clients don't come back all together. */
export interface Backoff {
  /** Before the first try, in milliseconds. */
  readonly first: number;
  readonly max: number;
}

/**
 * How long to wait before a try.
 *
 * @param tries that failed before it
 * @param random from 0 to 1
 */
export function backoffDelay(backoff: Backoff, tries: number, random: () => number = Math.random): number {
  const whole = Math.min(backoff.max, backoff.first * 2 ** Math.min(tries, 30));
  return whole * (0.5 + random() / 2);
}
