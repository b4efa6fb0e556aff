import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Orders, type Placed, type Verdict } from "../../src/sync/order.js";

const at = (sequence: number, conversationId = "c"): Placed => ({
  id: `${sequence}`,
  conversationId,
  sequence,
});
const told = ({ deliver }: Verdict<Placed>) => deliver.map(({ sequence }) => sequence);

describe("the order of messages", () => {
  test("what comes in order is told at once, and a repeat is not", () => {
    const orders = new Orders<Placed>();
    expect(told(orders.take(at(5), false))).toEqual([5]);
    expect(told(orders.take(at(6), false))).toEqual([6]);
    expect(told(orders.take(at(6), false))).toEqual([]);
    expect(orders.positions()).toEqual({ c: 6 });
  });

  test("what comes too early waits for what is missing, which is asked for once", () => {
    const orders = new Orders<Placed>();
    orders.take(at(5), false);
    expect(orders.take(at(8), false)).toEqual({ deliver: [], gap: { conversationId: "c", after: 5 } });
    expect(orders.take(at(9), false)).toEqual({ deliver: [] });
    expect(orders.waitingUpTo("c")).toBe(9);
    expect(told(orders.fill("c", [at(6), at(7), at(8), at(9)], 9))).toEqual([6, 7, 8, 9]);
    expect(orders.positions()).toEqual({ c: 9 });
  });

  test("a gap that closes by itself is told at once", () => {
    const orders = new Orders<Placed>();
    orders.take(at(1), false);
    orders.take(at(3), false);
    expect(told(orders.take(at(2), false))).toEqual([2, 3]);
    expect(told(orders.fill("c", [at(2), at(3)], 3))).toEqual([]);
  });

  test("what the server does not show is not waited for, and told should it come late", () => {
    const orders = new Orders<Placed>();
    orders.take(at(1), false);
    orders.take(at(4), false);
    expect(told(orders.fill("c", [at(2)], 4))).toEqual([2, 4]);
    expect(told(orders.take(at(3), false))).toEqual([3]);
    expect(told(orders.take(at(3), false))).toEqual([]);
  });

  test("when a socket comes back a hole is none", () => {
    const orders = new Orders<Placed>();
    orders.take(at(1), false);
    expect(told(orders.take(at(4), true))).toEqual([4]);
    expect(told(orders.take(at(5), false))).toEqual([5]);
  });

  test("what waits when the socket ends is forgotten: it comes again", () => {
    const orders = new Orders<Placed>();
    orders.take(at(1), false);
    orders.take(at(3), false);
    orders.interrupt();
    expect(orders.positions()).toEqual({ c: 1 });
    expect(told(orders.take(at(2), true))).toEqual([2]);
    expect(told(orders.take(at(3), true))).toEqual([3]);
  });

  test("what a client says of its positions fits into a frame, the newest first", () => {
    const orders = new Orders<Placed>();
    const long = "x".repeat(200);
    for (let conversation = 0; conversation < 1_000; conversation++)
      orders.take(at(7, `${long}${conversation}`), false);
    const positions = orders.positions();
    expect(JSON.stringify(positions).length).toBeLessThan(45 * 1024);
    expect(positions[`${long}999`]).toBe(7);
    expect(positions[`${long}0`]).toBeUndefined();
  });

  test("memory is bounded", () => {
    const orders = new Orders<Placed>();
    for (let conversation = 0; conversation < 1_500; conversation++)
      orders.take(at(1, `c${conversation}`), false);
    expect(Object.keys(orders.positions())).toHaveLength(1_000);
    for (let sequence = 1; sequence < 2_000; sequence++) orders.take(at(sequence, "c1499"), false);
    expect(told(orders.take(at(3, "c1499"), false))).toEqual([]);
  });

  test("however messages come, all that the server shows are told, each once, in order", () => {
    const arrivals = fc.record({
      count: fc.integer({ min: 2, max: 40 }),
      hidden: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 8 }),
      lost: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 10 }),
      swaps: fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 30 }),
      repeats: fc.array(fc.nat(39), { maxLength: 10 }),
      /** After how many arrivals an answer comes. */
      slowness: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(arrivals, ({ count, hidden, lost, swaps, repeats, slowness }) => {
        const server = Array.from({ length: count }, (_, index) => index + 1).filter(
          (n) => !hidden.includes(n),
        );
        const last = server.at(-1) ?? 1;
        const coming = server.filter((n) => n === 1 || n === last || !lost.includes(n));
        for (const [a, b] of swaps) {
          // The first sets where the order begins, and the last closes every gap.
          const [x, y] = [1 + (a % coming.length), 1 + (b % coming.length)];
          if (x >= coming.length - 1 || y >= coming.length - 1) continue;
          [coming[x], coming[y]] = [coming[y] ?? 0, coming[x] ?? 0];
        }
        const stream = [...coming, ...repeats.map((n) => coming[n % coming.length] ?? 1)];
        const orders = new Orders<Placed>();
        const heard: number[] = [];
        const hear = (verdict: Verdict<Placed>) =>
          heard.push(...verdict.deliver.map(({ sequence = 0 }) => sequence));
        let answer: { due: number; upTo: number; rows: Placed[] } | undefined;
        const ask = (verdict: Verdict<Placed>) => {
          hear(verdict);
          if (verdict.gap === undefined) return;
          const { after } = verdict.gap;
          answer = {
            due: slowness,
            upTo: orders.waitingUpTo("c"),
            rows: server.filter((n) => n > after).map((n) => at(n)),
          };
        };
        const settle = () => {
          while (answer !== undefined && answer.due-- <= 0) {
            const { upTo, rows } = answer;
            answer = undefined;
            ask(orders.fill("c", rows, upTo));
          }
        };
        for (const sequence of stream) {
          ask(orders.take(at(sequence), false));
          settle();
        }
        for (let round = 0; round < 50; round++) settle();
        expect(heard).toEqual(server);
      }),
      { numRuns: 300 },
    );
  });
});
