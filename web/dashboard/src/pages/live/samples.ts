/** What the live page remembers of the answers it had. */

/** All nodes together at one moment. */
export type Sample = { at: number; time: string; connections: number; framesIn: number; framesOut: number };

type Counted = { connections: number; framesIn: number; framesOut: number };

/** Samples that are kept: of half an hour, one every three seconds. */
export const SAMPLES_MAX = 600;

/** The nodes of one answer, added up. */
export function sampleOf(nodes: Counted[], at: number): Sample {
  const sum = (pick: (node: Counted) => number) => nodes.reduce((all, node) => all + pick(node), 0);
  return {
    at,
    time: new Date(at).toLocaleTimeString(),
    connections: sum((node) => node.connections),
    framesIn: Math.round(sum((node) => node.framesIn)),
    framesOut: Math.round(sum((node) => node.framesOut)),
  };
}

/** The samples with a new one; an answer that is known already adds nothing. */
export function added(samples: Sample[], sample: Sample): Sample[] {
  if (samples.at(-1)?.at === sample.at) return samples;
  return [...samples, sample].slice(-SAMPLES_MAX);
}

/** A time in seconds for an axis, with its day where several are shown. */
export function timeAxis(seconds: number, withDay: boolean): string {
  const time = { hour: "numeric", minute: "2-digit" } as const;
  const day = withDay ? ({ day: "numeric", month: "short" } as const) : {};
  return new Date(seconds * 1000).toLocaleString(undefined, { ...day, ...time });
}
