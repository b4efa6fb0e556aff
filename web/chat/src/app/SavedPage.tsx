import { useNavigate } from "react-router";
import { FoundMessage } from "../chat/FoundMessage";
import { PageList } from "../common/PageList";
import { useChat } from "../model/chat";
import { useNameIn } from "../model/live";
import { usePages } from "../model/pages";
import { placeOf } from "../model/target";
import { t } from "../strings";
import { PlainPage } from "./PlainPage";

export default function SavedPage() {
  const chat = useChat();
  const navigate = useNavigate();
  const nameIn = useNameIn();
  const pages = usePages("saved", () => chat.saved());
  return (
    <PlainPage title={t.saved.title}>
      <PageList
        pages={pages}
        label={t.saved.title}
        empty={t.saved.empty}
        hint={t.saved.emptyHint}
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
    </PlainPage>
  );
}
