import { Anchor, Badge, Button, Code, Group, Select, Text, TextInput } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useApp } from "../../api/app";
import { type Api, answer } from "../../api/client";
import type { Message } from "../../api/types";
import { useUrlState } from "../../lib/url-state";
import { JsonModal } from "../../ui/code";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { SearchField, TypedFilter } from "../../ui/fields";
import classes from "../../ui/filters.module.css";
import { Page } from "../../ui/page";
import { type Place, placeOf, type Query, queryOf } from "./query";
import { summary } from "./summary";

type MessagePage = { data: Message[]; meta: { next?: Place; previous?: Place } };

/** Only `count` has another shape, and it is never asked for. */
async function list(api: Api, { of, ...query }: Query): Promise<MessagePage> {
  if (of.user) {
    const params = { path: { uid: of.user }, query };
    return (await answer(api.GET("/v3/users/{uid}/messages", { params }))) as MessagePage;
  }
  if (of.group) {
    const params = { path: { guid: of.group }, query };
    return (await answer(api.GET("/v3/groups/{guid}/messages", { params }))) as MessagePage;
  }
  return (await answer(api.GET("/v3/messages", { params: { query } }))) as MessagePage;
}

const KINDS = [
  { value: "", label: "All kinds" },
  { value: "text", label: "Text" },
  { value: "image", label: "Images" },
  { value: "video", label: "Videos" },
  { value: "audio", label: "Audio" },
  { value: "file", label: "Files" },
  { value: "custom", label: "Custom" },
  { value: "interactive", label: "Interactive" },
  { value: "action", label: "Actions" },
  { value: "call", label: "Calls" },
];

const ONLY = [
  { value: "", label: "All" },
  { value: "hideDeleted", label: "Not deleted" },
  { value: "onlyDeleted", label: "Deleted" },
  { value: "hasAttachments", label: "With files" },
  { value: "hasLinks", label: "With links" },
  { value: "hasMentions", label: "With mentions" },
  { value: "hasReactions", label: "With reactions" },
  { value: "pinned", label: "Pinned" },
  { value: "hideReplies", label: "No thread replies" },
];

const FILTERS = ["q", "user", "group", "conversation", "sender", "kind", "only", "from", "to"];

/** What was written in the app. */
export function Messages() {
  const { api, key, path } = useApp();
  const { get } = useUrlState();
  const [raw, setRaw] = useState<Message>();
  const query = queryOf(get);
  const messages = useQuery({
    queryKey: key("messages", query),
    queryFn: () => list(api, query),
    placeholderData: keepPreviousData,
  });
  const rows = messages.data?.data.toReversed();
  const isFiltered = FILTERS.some((name) => get(name) !== "");
  return (
    <Page title="Messages" about="The newest first. Search finds words as they begin.">
      <Filters />
      <DataTable<Message>
        caption="Messages"
        query={messages}
        rows={rows}
        rowKey={(message) => message.id}
        empty={isFiltered ? "No message is like that." : "Nothing was written yet."}
        columns={[
          { key: "at", label: "Sent", render: (message) => <Time seconds={message.sentAt} /> },
          { key: "from", label: "From", render: (message) => <Person uid={message.sender} /> },
          { key: "to", label: "To", render: (message) => <Receiver message={message} /> },
          { key: "what", label: "Message", render: (message) => <Summary message={message} /> },
          {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (message) => (
              <Group gap="xs" wrap="nowrap" justify="flex-end">
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => setRaw(message)}
                  aria-label={`Raw JSON of message ${message.id}`}
                >
                  JSON
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  component={Link}
                  to={path(`/messages/${message.id}`)}
                  aria-label={`Open message ${message.id}`}
                >
                  Open
                </Button>
              </Group>
            ),
          },
        ]}
      />
      <Walk meta={messages.data?.meta} />
      <JsonModal value={raw} title={`Message ${raw?.id ?? ""}`} onClose={() => setRaw(undefined)} />
    </Page>
  );
}

function Filters() {
  const { get, set } = useUrlState();
  return (
    <div className={classes.filters}>
      <SearchField label="Search" placeholder="Words of the message" />
      <TypedFilter name="user" label="With user (uid)" clears={["group", "conversation"]} />
      <TypedFilter name="group" label="In group (guid)" clears={["user", "conversation"]} />
      <TypedFilter name="conversation" label="Conversation id" clears={["user", "group"]} />
      <TypedFilter name="sender" label="Sender (uid)" />
      <Select
        label="Kind"
        data={KINDS}
        value={get("kind")}
        onChange={(value) => set({ kind: value ?? "" })}
      />
      <Select label="Only" data={ONLY} value={get("only")} onChange={(value) => set({ only: value ?? "" })} />
      <TextInput
        type="date"
        label="Sent from"
        value={get("from")}
        onChange={(event) => set({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label="Sent until"
        value={get("to")}
        onChange={(event) => set({ to: event.currentTarget.value })}
      />
    </div>
  );
}

/** Walks by the cursors of the answer. */
function Walk({ meta }: { meta: MessagePage["meta"] | undefined }) {
  const { get, set } = useUrlState();
  const isMoved = get("affix") !== "";
  if (!meta || (!meta.previous && !meta.next && !isMoved)) return null;
  const go = (place: Place | undefined) => place && set(placeOf(place));
  return (
    <Group component="nav" aria-label="Pages" justify="flex-end" mt="md" gap="xs">
      <Button size="xs" variant="default" disabled={!isMoved} onClick={() => set(placeOf(undefined))}>
        Newest
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconChevronLeft size={14} />}
        disabled={!meta.next}
        onClick={() => go(meta.next)}
      >
        Newer
      </Button>
      <Button
        size="xs"
        variant="default"
        rightSection={<IconChevronRight size={14} />}
        disabled={!meta.previous}
        onClick={() => go(meta.previous)}
      >
        Older
      </Button>
    </Group>
  );
}

function Person({ uid }: { uid: string }) {
  const { path } = useApp();
  if (uid === "app_system") return <span>the app</span>;
  return (
    <Anchor component={Link} to={path(`/users/${uid}`)}>
      {uid}
    </Anchor>
  );
}

/** Who or what a message went to, leading there. */
export function Receiver({ message }: { message: Message }) {
  const { path } = useApp();
  if (message.receiverType === "user") return <Person uid={message.receiver} />;
  return (
    <span>
      <Anchor component={Link} to={path(`/groups/${message.receiver}`)} underline="always">
        {message.receiver}
      </Anchor>{" "}
      <Text span size="xs" c="dimmed">
        group
      </Text>
    </span>
  );
}

/** A message in a line or two. */
export function Summary({ message }: { message: Message }) {
  const kind = message.category === "message" ? message.type : `${message.category} ${message.type}`;
  return (
    <>
      <Text size="sm" lineClamp={2} fs={message.deletedAt ? "italic" : undefined}>
        {message.deletedAt ? "deleted" : summary(message)}
      </Text>
      <Group gap={4} mt={2}>
        <Code fz="xs">{kind}</Code>
        {message.editedAt && (
          <Badge size="sm" variant="light" color="gray">
            edited
          </Badge>
        )}
        {message.parentId && (
          <Badge size="sm" variant="light" color="gray">
            reply
          </Badge>
        )}
      </Group>
    </>
  );
}
