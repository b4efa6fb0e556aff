import { HalleyError, LocalCode } from "../errors.js";
import type { Http } from "../http/http.js";
import { upload } from "../http/upload.js";
import { defined, number, object, text } from "../model/json.js";
import type { Attachment } from "../model/message.js";
import type { Draft } from "../outbox/draft.js";
import type { Settings } from "../settings.js";

/** Uploads the files of a draft, and gives it with their addresses in place of them. */
export async function uploadFiles(
  settings: Settings,
  http: Http,
  draft: Draft,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Draft> {
  const files = Object.fromEntries(
    draft.files.map(({ name, blob }, index) => {
      const fileId = `f${index}`;
      return [fileId, { fileId, name, size: blob.size, mimeType: blob.type || "application/octet-stream" }];
    }),
  );
  const { receiver, options } = draft;
  const permitted = object(
    await http.data("POST", "/files/upload-url", {
      body: {
        files,
        receiver: receiver.id,
        receiverType: receiver.type,
        ...(options.parentId !== undefined && { parentMessageId: options.parentId }),
      },
    }),
  );
  const total = Math.max(
    1,
    draft.files.reduce((sum, { blob }) => sum + blob.size, 0),
  );
  const attachments: Attachment[] = [];
  let before = 0;
  for (const [index, { name, blob }] of draft.files.entries()) {
    const permission = object(permitted[`f${index}`]);
    const request = object(permission.request);
    const url = text(request.url);
    if (url === undefined)
      throw HalleyError.local(LocalCode.Shape, "The answer has no address to upload to.");
    const form = new FormData();
    for (const [key, value] of Object.entries(object(request.body))) form.append(key, String(value));
    form.append("file", blob, name);
    const share = (of: number) => onProgress((before + of * blob.size) / total);
    await upload(settings, { url, form, signal, onProgress: share });
    before += blob.size;
    attachments.push(attachment(permission.attachment));
  }
  onProgress(1);
  return { ...draft, files: [], attachments: [...draft.attachments, ...attachments] };
}

function attachment(value: unknown): Attachment {
  const raw = object(value);
  return {
    url: text(raw.url) ?? "",
    ...defined({
      name: text(raw.name),
      mimeType: text(raw.mimeType),
      extension: text(raw.extension),
      size: number(raw.size),
    }),
  };
}
