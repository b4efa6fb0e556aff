import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A user of the demo app. */
export interface DemoUser {
  readonly uid: string;
  readonly authToken: string;
}

/** What a fresh installation has: an app with users. */
export interface Demo {
  readonly appId: string;
  readonly authKey: string;
  readonly restApiKey: string;
  readonly users: readonly DemoUser[];
}

/** The platform as one process, or each service in its own, two of the gateway and the edge. */
export type Form = "one" | "many";

/** A running platform. */
export interface Platform {
  /** Base of the API, without a slash at the end. */
  readonly rest: string;
  /** Of `many`: one for each edge; the i-th names the socket of the i-th gateway. */
  readonly rests: readonly string[];
  /** Of the gateway nodes, as `ws://127.0.0.1:1234`. */
  readonly websockets: readonly string[];
  readonly demo: Demo;
  readonly dataDir: string;
  /** Key and secret of the installation's owner, as in `management.json`. */
  readonly management: Readonly<Record<string, string>>;
  /** `kill NAME`, `restart NAME`, `kill-redis`; done when it returns. */
  command(line: string): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = 180_000;
const COMMAND_MS = 60_000;
const STOP_MS = 20_000;

/** Starts a platform of its own, by the program in `HALLEY_TEST_PLATFORM`. What runs is stopped by who started it. */
export async function startPlatform(form: Form): Promise<Platform> {
  const program = process.env.HALLEY_TEST_PLATFORM;
  if (!program) {
    throw new Error(
      "HALLEY_TEST_PLATFORM must name the program test-platform (cargo build -p halley-testkit)",
    );
  }
  const child = spawn(program, [form], { stdio: ["pipe", "pipe", "pipe"] });
  const output = tail(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (within: number) => {
    const { value, done } = await timed(lines.next(), within, `${program} ${form} is silent: ${output()}`);
    if (done) throw new Error(`${program} ${form} ended: ${output()}`);
    return value as string;
  };
  const told = JSON.parse(await line(START_MS)) as Omit<Platform, "command" | "stop">;
  return {
    ...told,
    rest: bare(told.rest),
    rests: told.rests.map(bare),
    async command(command) {
      child.stdin.write(`${command}\n`);
      const answer = await line(COMMAND_MS);
      if (answer !== "ok") throw new Error(`${command}: ${answer}`);
    },
    async stop() {
      const exit = exited(child);
      child.stdin.end();
      await timed(exit, STOP_MS, "the platform does not end").catch(() => child.kill("SIGKILL"));
    },
  };
}

/** The address without the version that some forms have at the end. */
function bare(rest: string): string {
  return rest.replace(/\/+$/, "").replace(/\/v3(\.0)?$/, "");
}

/** The end of what a process says about its faults. */
function tail(child: ChildProcessWithoutNullStreams): () => string {
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4_000);
  });
  child.on("error", (error) => {
    text += String(error);
  });
  return () => text;
}

function exited(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/** The promise, or an error when it takes longer. */
export function timed<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} (${ms} ms)`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
