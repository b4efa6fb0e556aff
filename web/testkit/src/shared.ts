import { inject } from "vitest";
import type { Platform } from "./platform.js";

/** What tests are told of the platform that all of them share. */
export type SharedPlatform = Omit<Platform, "command" | "stop"> & {
  /** Takes a command as the body of a POST; answers when it is done. */
  readonly control: string;
};

declare module "vitest" {
  export interface ProvidedContext {
    platform: SharedPlatform;
  }
}

/** Longest time of a command, in ms: a process of a debug build starts on a busy machine. */
const COMMAND_MS = 90_000;

/**
 * The platform of the run, of the form `many`. It is other tests' too: make users, groups and apps of your own, and restart
 * what you kill.
 */
export function sharedPlatform(): Omit<Platform, "stop"> {
  const { control, ...told } = inject("platform");
  return {
    ...told,
    async command(line) {
      const signal = AbortSignal.timeout(COMMAND_MS);
      const answer = await fetch(control, { method: "POST", body: line, signal });
      if (!answer.ok) throw new Error(`${line}: ${await answer.text()}`);
    },
  };
}
