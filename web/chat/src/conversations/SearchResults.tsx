import { Button, Center, Title } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { FoundMessage } from "../chat/FoundMessage";
import { Failed, Nothing, Waiting } from "../common/Nothing";
import { PageList } from "../common/PageList";
import { useChat } from "../model/chat";
import { useConversations, useNameIn } from "../model/live";
import { usePages } from "../model/pages";
import { pathOf, placeOf } from "../model/target";
import { t } from "../strings";
import list from "./ConversationList.module.css";
import { ConversationRow } from "./ConversationRow";
import classes from "./SearchResults.module.css";

/** So many conversations leave messages in sight. */
const FIRST = 5;

interface Props {
  search: string;
  /** The address of what is shown beside it. */
  open: string;
}

/** What a search finds: conversations by the name of the other end, and messages of all of them. */
export default function SearchResults({ search, open }: Props) {
  return (
    <div className={list.scroller}>
      <Conversations key={search} search={search} open={open} />
      <Messages search={search} />
    </div>
  );
}

function Conversations({ search, open }: Props) {
  const found = useConversations(search);
  const [all, setAll] = useState(false);
  const nothing = found.items.length === 0;
  const shown = all ? found.items : found.items.slice(0, FIRST);
  const hasMore = shown.length < found.items.length || (found.hasMore && !nothing);
  const more = () => (all ? found.loadMore() : setAll(true));
  return (
    <section aria-label={t.list.title}>
      <Title order={2} className={classes.title}>
        {t.list.title}
      </Title>
      {nothing && found.loading && <Waiting />}
      {nothing && found.error && <Failed message={found.error} retry={found.loadMore} />}
      {nothing && !found.loading && !found.error && <Nothing title={t.list.noMatch} />}
      <ul className={classes.rows} aria-label={t.list.label}>
        {shown.map((conversation) => (
          <li key={conversation.id} className={classes.row}>
            <ConversationRow conversation={conversation} selected={pathOf(conversation.target) === open} />
          </li>
        ))}
      </ul>
      {hasMore && (
        <Center p="xs">
          <Button size="xs" variant="subtle" loading={found.loading} onClick={more}>
            {t.more}
          </Button>
        </Center>
      )}
    </section>
  );
}

function Messages({ search }: { search: string }) {
  const chat = useChat();
  const navigate = useNavigate();
  const nameIn = useNameIn();
  const pages = usePages(`messages/${search}`, () => chat.searchAll(search));
  return (
    <section aria-label={t.list.foundMessages}>
      <Title order={2} className={classes.title}>
        {t.list.foundMessages}
      </Title>
      <div className={classes.messages}>
        <PageList
          pages={pages}
          label={t.list.foundMessages}
          empty={t.list.noMessage}
          keyOf={(message) => message.key}
        >
          {(message) => (
            <FoundMessage
              message={message}
              place={message.kind === "chat" ? nameIn(message.target) : undefined}
              open={() => {
                if (message.kind !== "chat") return;
                const { path, at } = placeOf(message);
                navigate(path, { state: { at } });
              }}
            />
          )}
        </PageList>
      </div>
    </section>
  );
}
