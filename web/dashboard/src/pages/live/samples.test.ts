import { expect, test } from "vitest";
import { added, SAMPLES_MAX, type Sample, sampleOf } from "./samples";

const node = (connections: number) => ({ connections, framesIn: 0.4, framesOut: 2.5 });

test("a sample is all nodes together", () => {
  const sample = sampleOf([node(2), node(3)], 1000);
  expect(sample).toMatchObject({ at: 1000, connections: 5, framesIn: 1, framesOut: 5 });
});

test("samples are bounded, and an answer is one of them once", () => {
  let samples: Sample[] = [];
  for (let at = 0; at < SAMPLES_MAX + 5; at++) samples = added(samples, sampleOf([node(1)], at));
  expect(samples.length).toBe(SAMPLES_MAX);
  expect(samples[0]?.at).toBe(5);
  expect(added(samples, sampleOf([node(9)], SAMPLES_MAX + 4))).toBe(samples);
});
