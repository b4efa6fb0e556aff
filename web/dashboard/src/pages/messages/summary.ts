import type { Message } from "../../api/types";

/** What a message says, in a line. */
export function summary(message: Message): string {
  const { data } = message;
  if (data.text) return data.text;
  if (message.category === "action") return `${data.action ?? "action"}`;
  const files = data.attachments ?? [];
  if (files.length > 0) return files.map((file) => String(file.name ?? "file")).join(", ");
  if (data.customData) return JSON.stringify(data.customData);
  if (data.interactiveData) return JSON.stringify(data.interactiveData);
  return data.url ?? "–";
}
