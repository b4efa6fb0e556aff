import { createContext, useContext } from "react";
import type {
  CallMedia,
  CallMessage,
  ChatMessage,
  Group,
  GroupType,
  Member,
  Message,
  Person,
  Scope,
  Target,
} from "./types";

/** A part of a list, and where it goes on. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Fetches what follows; absent at the end. */
  readonly more?: () => Promise<Page<T>>;
}

export interface Draft {
  readonly text: string;
  readonly files: readonly File[];
  readonly parentId?: string;
  readonly quoted?: ChatMessage;
}

export interface NewGroup {
  readonly name: string;
  readonly description: string;
  readonly type: GroupType;
  readonly password: string;
  readonly members: readonly string[];
}

/** Somebody, and when they did it, in Unix ms. */
export interface Reader {
  readonly person: Person;
  readonly at: number;
}

export interface FlagReason {
  readonly id: string;
  readonly name: string;
}

/** Everything that a logged-in user can do. What is refused rejects with an error whose message can be shown. */
export interface Chat {
  readonly me: Person;
  logout(): Promise<void>;
  updateMe(change: { name: string; avatar: string; statusMessage: string }): Promise<void>;

  /** Never rejects: what can't be sent is shown as failed in the list. */
  send(target: Target, draft: Draft): void;
  retry(message: ChatMessage): void;
  discard(message: ChatMessage): void;
  edit(message: ChatMessage, text: string): Promise<void>;
  remove(message: ChatMessage): Promise<void>;
  react(message: ChatMessage, reaction: string, on: boolean): Promise<void>;
  pin(message: ChatMessage, on: boolean): Promise<void>;
  save(message: ChatMessage, on: boolean): Promise<void>;
  /** Those of the app. */
  flagReasons(): readonly FlagReason[];
  flag(message: ChatMessage, reason: string, remark: string): Promise<void>;
  readers(message: ChatMessage): Promise<{ read: readonly Reader[]; delivered: readonly Reader[] }>;
  /** Who reacted in one way. */
  reactors(message: ChatMessage, reaction: string): Promise<Page<Reader>>;
  typing(target: Target, on: boolean, parentId?: string): void;

  markRead(target: Target): void;
  markUnread(target: Target, message?: ChatMessage): Promise<void>;
  pinConversation(target: Target, on: boolean): Promise<void>;
  hideConversation(target: Target): Promise<void>;

  searchMessages(target: Target, text: string): Promise<Page<Message>>;
  /** In all conversations, the newest first. */
  searchAll(text: string): Promise<Page<Message>>;
  pinned(target: Target): Promise<Page<Message>>;
  saved(): Promise<Page<Message>>;

  people(search: string): Promise<Page<Person>>;
  person(uid: string): Promise<Person>;
  blocked(): Promise<Page<Person>>;
  block(uid: string, on: boolean): Promise<void>;

  groups(search: string): Promise<Page<Group>>;
  group(guid: string): Promise<Group>;
  createGroup(group: NewGroup): Promise<Group>;
  joinGroup(group: Group, password: string): Promise<void>;
  leaveGroup(guid: string): Promise<void>;
  updateGroup(guid: string, change: { name: string; icon: string; description: string }): Promise<void>;
  deleteGroup(guid: string): Promise<void>;
  members(guid: string, search: string): Promise<Page<Member>>;
  banned(guid: string): Promise<Page<Person>>;
  addMembers(guid: string, uids: readonly string[]): Promise<void>;
  kick(guid: string, uid: string): Promise<void>;
  ban(guid: string, uid: string): Promise<void>;
  unban(guid: string, uid: string): Promise<void>;
  setScope(guid: string, uid: string, scope: Scope): Promise<void>;
  transfer(guid: string, uid: string): Promise<void>;

  call(target: Target, media: CallMedia): Promise<void>;
  joinCall(message: CallMessage): Promise<void>;
}

export const ChatContext = createContext<Chat | null>(null);

export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (!chat) throw new Error("there is no session here");
  return chat;
}
