import { ActionIcon, CloseButton, FileButton, Mentions, Text } from "@mantine/core";
import { IconFile, IconPaperclip, IconSend2 } from "@tabler/icons-react";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { IconButton } from "../common/IconButton";
import { PersonRow } from "../common/PersonRow";
import { mediaKind } from "../model/actions";
import { useChat } from "../model/chat";
import { draftKey, draftOf, keepDraft } from "../model/drafts";
import { tell } from "../model/errors";
import { summaryOf } from "../model/summary";
import { bytes } from "../model/text";
import type { ChatMessage, Target } from "../model/types";
import { t } from "../strings";
import classes from "./Composer.module.css";
import { EmojiButton } from "./EmojiButton";
import { mentionMarkup } from "./mentionMarkup";

/** What a message that is being written stands to. */
export type Context =
  | { readonly kind: "none" }
  | { readonly kind: "reply"; readonly message: ChatMessage }
  | { readonly kind: "edit"; readonly message: ChatMessage };

interface Props {
  target: Target;
  name: string;
  parentId?: string;
  context: Context;
  leaveContext: () => void;
  /** Files that were dropped on the page. */
  files: readonly File[];
  setFiles: (files: readonly File[]) => void;
  /** Up, in an empty field, edits the last own message. */
  editLast?: () => void;
}

export function Composer(props: Props) {
  const { target, name, parentId, context, leaveContext, files, setFiles, editLast } = props;
  const chat = useChat();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useDraft(draftKey(target, parentId), context);
  const names = useRef(new Map<string, string>());
  const suggest = useSuggestions(target, names.current);

  useEffect(() => {
    // On a phone the keyboard would cover what was opened to be read.
    if (context.kind !== "none" || matchMedia("(hover: hover)").matches) field.current?.focus();
  }, [context]);

  const change = (value: string) => {
    setText(value);
    chat.typing(target, value.trim() !== "", parentId);
  };
  const submit = async () => {
    const trimmed = text.trim();
    if (context.kind === "edit") {
      if (trimmed && trimmed !== context.message.text && !(await tell(chat.edit(context.message, trimmed))))
        return;
      leaveContext();
      return;
    }
    if (!trimmed && files.length === 0) return;
    const quoted = context.kind === "reply" ? context.message : undefined;
    chat.send(target, { text: trimmed, files, parentId, quoted });
    chat.typing(target, false, parentId);
    setText("");
    setFiles([]);
    leaveContext();
    field.current?.focus();
  };
  const keys = (event: KeyboardEvent<HTMLTextAreaElement | HTMLInputElement>) => {
    // The list of people to mention takes the keys while it is open.
    if (event.nativeEvent.isComposing || event.currentTarget.getAttribute("aria-expanded") === "true") return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && context.kind !== "none") {
      leaveContext();
    } else if (event.key === "ArrowUp" && !text && editLast) {
      event.preventDefault();
      editLast();
    }
  };
  const paste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0) return;
    event.preventDefault();
    setFiles([...files, ...pasted]);
  };
  /** Where the caret is, as if it were typed: the field keeps mentions and the way back. */
  const insert = (emoji: string) => {
    const area = field.current;
    if (!area) return;
    area.setRangeText(emoji, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: emoji }));
    area.focus();
  };
  const editing = context.kind === "edit";
  const label = parentId ? t.composer.replyLabel(name) : t.composer.label(name);

  return (
    <section className={classes.composer} aria-label={label}>
      <ContextBar context={context} leave={leaveContext} />
      <Files files={files} remove={(gone) => setFiles(files.filter((file) => file !== gone))} />
      <div className={classes.bar}>
        <FileButton onChange={(chosen) => setFiles([...files, ...chosen])} multiple>
          {(props) => (
            <IconButton label={t.composer.attach} disabled={editing} {...props}>
              <IconPaperclip size={20} />
            </IconButton>
          )}
        </FileButton>
        <Mentions
          className={classes.field}
          ref={field}
          value={text}
          onChange={({ value }) => change(value)}
          onKeyDown={keys}
          onPaste={paste}
          onBlur={() => chat.typing(target, false, parentId)}
          aria-label={label}
          placeholder={parentId ? t.composer.placeholderReply : t.composer.placeholder}
          minRows={1}
          maxRows={6}
          radius="lg"
          suggestionsPlacement="above"
          a11ySuggestionsListLabel={t.composer.suggestions}
          nothingFoundMessage={t.nothingFound}
          loadingMessage={t.loading}
        >
          <Mentions.Mention
            trigger="@"
            data={suggest}
            debounceMs={150}
            markup={useMemo(() => mentionMarkup(names.current), [])}
            withTrigger
            appendSpaceOnAdd
            renderSuggestion={({ item }) => (
              <PersonRow name={item.display ?? item.id} avatar={item.avatar} line={item.id} />
            )}
          />
        </Mentions>
        <EmojiButton label={t.composer.emoji} pick={insert} />
        <ActionIcon
          size="lg"
          radius="xl"
          aria-label={editing ? t.save : t.composer.send}
          disabled={!text.trim() && files.length === 0}
          onClick={submit}
        >
          <IconSend2 size={18} />
        </ActionIcon>
      </div>
    </section>
  );
}

/** The text: of the draft, or of the message that is being edited. */
function useDraft(key: string, context: Context): [string, (text: string) => void] {
  const [draft, setDraft] = useState(() => draftOf(key));
  const edited = context.kind === "edit" ? context.message : null;
  const [edit, setEdit] = useState("");
  useEffect(() => {
    if (edited) setEdit(edited.text);
  }, [edited]);
  const change = useCallback(
    (text: string) => {
      setDraft(text);
      keepDraft(key, text);
    },
    [key],
  );
  return edited ? [edit, setEdit] : [draft, change];
}

/** People of the group, or the other one. */
function useSuggestions(target: Target, names: Map<string, string>) {
  const chat = useChat();
  const { kind, id } = target;
  return useCallback(
    async (query: string) => {
      const people =
        kind === "group"
          ? (await chat.members(id, query)).items
          : [await chat.person(id)].filter((one) => matches(one.name, query));
      const others = people.filter((person) => person.uid !== chat.me.uid).slice(0, 8);
      for (const person of others) names.set(person.uid, person.name);
      return others.map((person) => ({ id: person.uid, display: person.name, avatar: person.avatar }));
    },
    [chat, kind, id, names],
  );
}

function matches(name: string, query: string): boolean {
  return name.toLowerCase().includes(query.toLowerCase());
}

function ContextBar({ context, leave }: { context: Context; leave: () => void }) {
  if (context.kind === "none") return null;
  const { message } = context;
  const editing = context.kind === "edit";
  const title = editing
    ? t.composer.editing
    : t.composer.replyingTo(message.mine ? t.you : message.sender.name);
  return (
    <div className={classes.context}>
      <div className={classes.about}>
        <Text size="xs" fw={700}>
          {title}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {summaryOf(message)}
        </Text>
      </div>
      <CloseButton aria-label={editing ? t.composer.cancelEdit : t.composer.cancelReply} onClick={leave} />
    </div>
  );
}

function Files({ files, remove }: { files: readonly File[]; remove: (file: File) => void }) {
  if (files.length === 0) return null;
  return (
    <ul className={classes.files} aria-label={t.composer.attachments}>
      {files.map((file, at) => (
        // The same file may be there twice.
        <li key={`${at}-${file.name}`} className={classes.file}>
          <Preview file={file} />
          <span className={classes.about}>
            <Text size="xs" truncate>
              {file.name}
            </Text>
            <Text size="xs" c="dimmed">
              {bytes(file.size)}
            </Text>
          </span>
          <CloseButton size="sm" aria-label={t.composer.removeFile(file.name)} onClick={() => remove(file)} />
        </li>
      ))}
    </ul>
  );
}

function Preview({ file }: { file: File }) {
  const [url, setUrl] = useState<string>();
  const isImage = mediaKind(file) === "image";
  useEffect(() => {
    if (!isImage) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file, isImage]);
  return url ? <img className={classes.preview} src={url} alt="" /> : <IconFile size={28} stroke={1.4} />;
}
