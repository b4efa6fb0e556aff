import type { ChatMessage } from "../model/types";

/** What a list of messages asks of the page around it. */
export interface MessageMoves {
  readonly rights: { readonly moderate: boolean; readonly pin: boolean };
  reply(message: ChatMessage): void;
  edit(message: ChatMessage): void;
  remove(message: ChatMessage): void;
  flag(message: ChatMessage): void;
  showReaders(message: ChatMessage): void;
  showReactions(message: ChatMessage): void;
  /** Absent within a thread. */
  openThread?(parentId: string): void;
  goTo(id: string): void;
}
