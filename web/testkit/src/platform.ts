import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  readonly demo: Demo;
  readonly dataDir: string;
  /** Key and secret of the installation's owner, as in `management.json`. */
  readonly management: Readonly<Record<string, string>>;
  /** `kill NAME`, `restart NAME`, `kill-redis`; done when it returns. Not there with a bare program. */
  command(line: string): Promise<void>;
  stop(): Promise<void>;
}

const START_MS = 120_000;
const COMMAND_MS = 60_000;
const STOP_MS = 20_000;

/**
 * Starts a platform: by the program in `HALLEY_TEST_PLATFORM`, or by the program `halley` in `HALLEY_BIN`, which can't be
 * of the form `many`. While tests are written, `HALLEY_RUNNING` may name the data directory of one that runs already.
 */
export async function startPlatform(form: Form = "one"): Promise<Platform> {
  if (form === "one" && process.env.HALLEY_RUNNING) return running(process.env.HALLEY_RUNNING);
  const program = process.env.HALLEY_TEST_PLATFORM;
  if (program) return byTestPlatform(program, form);
  if (form === "one" && process.env.HALLEY_BIN) return byProgram(process.env.HALLEY_BIN);
  throw new Error("HALLEY_TEST_PLATFORM must name the program test-platform (cargo build -p halley-testkit)");
}

async function byTestPlatform(program: string, form: Form): Promise<Platform> {
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
    rests: (told.rests ?? [told.rest]).map(bare),
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

async function running(dataDir: string): Promise<Platform> {
  const read = async (name: string) => JSON.parse(await readFile(join(dataDir, name), "utf8")) as unknown;
  const demo = (await read("demo.json")) as Demo & { readonly rest: string };
  const management = (await read("management.json")) as Record<string, string>;
  const command = async () => {
    throw new Error("a platform that runs already takes no commands");
  };
  return {
    rest: bare(demo.rest),
    rests: [bare(demo.rest)],
    demo,
    dataDir,
    management,
    command,
    stop: async () => {},
  };
}

async function byProgram(program: string): Promise<Platform> {
  const dataDir = await mkdtemp(join(tmpdir(), "halley-browser-"));
  // The database runs as another user where this is root.
  await chmod(dataDir, 0o755);
  const port = await freePort();
  const rest = `http://127.0.0.1:${port}`;
  const args = ["serve", "--target", "all", "--listen", `127.0.0.1:${port}`, "--data-dir", dataDir];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const output = tail(child);
  child.stdout.resume();
  const read = async (name: string) => JSON.parse(await readFile(join(dataDir, name), "utf8")) as unknown;
  const until = Date.now() + START_MS;
  let demo: Demo | undefined;
  while (demo === undefined) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`${program} does not start: ${output()}`);
    try {
      demo = (await read("demo.json")) as Demo;
      await fetch(`${rest}/v3/settings`, { headers: { appid: demo.appId } });
    } catch {
      demo = undefined;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return {
    rest,
    rests: [rest],
    demo,
    dataDir,
    management: (await read("management.json").catch(() => ({}))) as Record<string, string>,
    async command(command) {
      throw new Error(`a bare program can't ${command}`);
    },
    async stop() {
      const exit = exited(child);
      child.kill("SIGTERM");
      await timed(exit, STOP_MS, "the platform does not end").catch(() => child.kill("SIGKILL"));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The address without the version that some forms have at the end. */
function bare(rest: string): string {
  return rest.replace(/\/+$/, "").replace(/\/v3(\.0)?$/, "");
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
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
