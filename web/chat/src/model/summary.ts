import { t } from "../strings";
import { plainText } from "./text";
import type { CallMessage, ChatMessage, MediaKind, Message } from "./types";

const KINDS: Record<MediaKind, string> = {
  image: t.message.photo,
  video: t.message.video,
  audio: t.message.audio,
  file: t.message.file,
};

/** A message in one line. */
export function summaryOf(message: Message): string {
  if (message.kind === "notice") return message.text;
  if (message.kind === "call") return callSummary(message);
  if (message.deletedAt) return t.message.deleted;
  if (message.withheld === "fromMe") return t.message.withheld;
  const text = plainText(message.text, message.mentions);
  const first = message.attachments[0];
  if (!first) return text || t.message.unsupported;
  const label = first.kind === "file" ? first.name || KINDS.file : KINDS[first.kind];
  return text ? `${label}: ${text}` : label;
}

function callSummary(message: CallMessage): string {
  const media = message.media === "video" ? t.call.video : t.call.audio;
  return message.status === "initiated" ? media : (t.call.status[message.status] ?? media);
}

/** What a screen reader says of a message that came. */
export function announcementOf(message: Message): string {
  return `${message.sender.name}: ${summaryOf(message)}`;
}

export function isChat(message: Message | undefined): message is ChatMessage {
  return message?.kind === "chat";
}
