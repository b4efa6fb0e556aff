import { createContext, useContext } from "react";
import type { CallMedia, Person, Target } from "./types";

export interface Participant {
  readonly key: string;
  readonly person: Person;
  readonly stream?: MediaStream;
  readonly connected: boolean;
  readonly showsVideo: boolean;
  /** Their microphone is off. */
  readonly muted: boolean;
  /** The picture is that of their screen. */
  readonly sharing: boolean;
}

export interface CallView {
  readonly state: "incoming" | "outgoing" | "ongoing";
  readonly media: CallMedia;
  readonly target: Target;
  /** Of the conversation that the call belongs to. */
  readonly title: string;
  readonly caller?: Person;
  readonly participants: readonly Participant[];
  readonly local?: MediaStream;
  readonly muted: boolean;
  /** This device sends pictures, so there is something to turn off, or to put the screen in place of. */
  readonly hasCamera: boolean;
  readonly cameraOn: boolean;
  readonly sharing: boolean;
  /** When the first connection stood, Unix ms. */
  readonly connectedAt?: number;
  readonly problem?: string;

  accept(media: CallMedia): Promise<void>;
  reject(): Promise<void>;
  hangUp(): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  setSharing(on: boolean): Promise<void>;
}

/** The call that rings or goes on. */
export const CallContext = createContext<CallView | null>(null);

export function useCall(): CallView | null {
  return useContext(CallContext);
}
