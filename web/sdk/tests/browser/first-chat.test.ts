import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { launchBrowser, openPage, timed } from "@halley-chat/testkit";
import { afterAll, expect, test } from "vitest";
import { HalleyChat, toUser } from "../../src/index.js";
import { loggedIn, newUser, platform, settingsOf } from "../platform/support.js";

const WAIT_MS = 60_000;
const sdk = new URL("../..", import.meta.url).pathname;
const ends: (() => unknown)[] = [];

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** The commands of the README, as they stand there. */
async function commands(): Promise<string> {
  const readme = await readFile(join(sdk, "README.md"), "utf8");
  const found = readme.split("## Your first chat")[1]?.match(/```sh\n(.*?)```/s)?.[1];
  if (found === undefined) throw new Error("the README has no commands for the first chat");
  return found;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Runs the commands, of which the last one goes on; gives the addresses that they print. */
async function run(script: string, folder: string, count: number): Promise<string[]> {
  // Without a network: nothing is needed of it.
  const env = {
    ...process.env,
    npm_config_offline: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
  };
  const shell = spawn("bash", ["-euc", script], { cwd: folder, env, detached: true });
  ends.push(() => endGroup(shell));
  let said = "";
  shell.stderr.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const found: string[] = [];
  const all = new Promise<string[]>((resolve, reject) => {
    createInterface({ input: shell.stdout }).on("line", (line) => {
      const address = line.match(/http:\S+/)?.[0];
      if (address && found.push(address) === count) resolve(found);
    });
    shell.once("exit", (code) => reject(new Error(`the commands ended with ${code}: ${said}`)));
  });
  return timed(all, WAIT_MS, "the commands print no addresses");
}

function endGroup({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid);
}

test("who follows the README word for word in an empty folder has a chat", async () => {
  const folder = await mkdtemp(join(tmpdir(), "halley-first-"));
  ends.push(() => rm(folder, { recursive: true }));
  const [ann, bob] = [await newUser("ann"), await newUser("bob")];
  const clone = join(folder, "halley");
  await mkdir(join(clone, ".halley"), { recursive: true });
  await writeFile(join(clone, ".halley/demo.json"), JSON.stringify({ ...platform.demo, users: [ann, bob] }));
  await mkdir(join(clone, "web"));
  await symlink(sdk, join(clone, "web/sdk"));
  // The port may be another's here.
  const port = String(await freePort());
  const script = (await commands()).replaceAll("8000", port);
  const [address = ""] = await run(script, folder, 2);
  const link = address.replace("8000", port);
  await expect
    .poll(
      () =>
        fetch(link).then(
          ({ ok }) => ok,
          () => false,
        ),
      { timeout: WAIT_MS },
    )
    .toBe(true);

  const other = new HalleyChat(settingsOf().build());
  ends.push(() => other.close());
  await loggedIn(other, bob.authToken);
  const browser = await launchBrowser();
  ends.push(() => browser.close());
  const { page, faults } = await openPage(browser);
  const hosts = new Set<string>();
  page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
  await page.goto(link);
  const heard = timed(other.once("message"), WAIT_MS, "nothing arrives");
  await page.getByPlaceholder("Message").fill("hello");
  await page.getByRole("button", { name: "Send" }).click();
  expect(await heard).toMatchObject({ text: "hello", sender: { uid: ann.uid } });
  await other.messages.sendText(toUser(ann.uid), "and hello to you");
  await page.getByText("bob: and hello to you").waitFor();
  expect(await page.getByRole("listitem").count()).toBe(2);
  expect([...hosts]).toEqual(["127.0.0.1"]);
  expect(faults).toEqual([]);
});
