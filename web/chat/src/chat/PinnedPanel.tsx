import { PageList } from "../common/PageList";
import { useChat } from "../model/chat";
import { usePages } from "../model/pages";
import { keyOf } from "../model/target";
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

export default function PinnedPanel({ target, goTo, close }: Props) {
  const chat = useChat();
  const pages = usePages<Message>(keyOf(target), () => chat.pinned(target));
  return (
    <>
      <PanelHead title={t.pinnedPanel.title} close={close} />
      <div className={head.body}>
        <PageList
          pages={pages}
          label={t.pinnedPanel.title}
          empty={t.pinnedPanel.empty}
          keyOf={(message) => message.key}
        >
          {(message) => <FoundMessage message={message} open={() => goTo(message.id)} />}
        </PageList>
      </div>
    </>
  );
}
