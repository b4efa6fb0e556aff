import { Button } from "@mantine/core";
import { PageList } from "../common/PageList";
import { PersonRow } from "../common/PersonRow";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { usePages } from "../model/pages";
import { t } from "../strings";

export function Banned({ guid }: { guid: string }) {
  const chat = useChat();
  const pages = usePages(guid, () => chat.banned(guid));
  const unban = async (uid: string) => {
    if (await tell(chat.unban(guid, uid))) pages.reload();
  };
  return (
    <PageList
      pages={pages}
      label={t.group.banned}
      empty={t.group.nobodyBanned}
      keyOf={(person) => person.uid}
    >
      {(person) => (
        <PersonRow name={person.name} avatar={person.avatar} line={person.uid}>
          <Button size="xs" variant="default" onClick={() => unban(person.uid)}>
            {t.group.unban}
          </Button>
        </PersonRow>
      )}
    </PageList>
  );
}
