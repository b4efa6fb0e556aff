import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Nothing } from "../common/Nothing";
import { PageList } from "../common/PageList";
import { useChat } from "../model/chat";
import { usePages } from "../model/pages";
import type { Message, Target } from "../model/types";
import { t } from "../strings";
import { FoundMessage } from "./FoundMessage";
import { PanelHead } from "./PanelHead";
import head from "./PanelHead.module.css";

interface Props {
  target: Target;
  goTo: (id: string) => void;
  close: () => void;
}

export default function SearchPanel({ target, goTo, close }: Props) {
  const chat = useChat();
  const [search, setSearch] = useState("");
  const [needle] = useDebouncedValue(search.trim(), 300);
  const pages = usePages<Message>(needle || null, () => chat.searchMessages(target, needle));
  return (
    <>
      <PanelHead title={t.searchPanel.title} close={close} />
      <div className={head.body}>
        <TextInput
          type="search"
          aria-label={t.searchPanel.title}
          placeholder={t.search}
          leftSection={<IconSearch size={16} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          autoFocus
          mb="sm"
        />
        {needle ? (
          <>
            <div className="sr-only" role="status">
              {!pages.loading && t.searchPanel.results(pages.items.length)}
            </div>
            <PageList
              pages={pages}
              label={t.searchPanel.title}
              empty={t.nothingFound}
              keyOf={(message) => message.key}
            >
              {(message) => <FoundMessage message={message} open={() => goTo(message.id)} />}
            </PageList>
          </>
        ) : (
          <Nothing title={t.searchPanel.hint} />
        )}
      </div>
    </>
  );
}
