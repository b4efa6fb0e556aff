import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { actionsOf } from "./actions";
import { useCallControl } from "./callControl";
import { CallContext } from "./calls";
import { type Chat, ChatContext } from "./chat";
import { conversationOf, personOf } from "./map";
import { type Client, openConversations, openPresence, openUnread } from "./sdk";
import { isSame } from "./target";
import type { Target } from "./types";

/** What all pages share: the client and the stores that live as long as the session. */
export interface Shared {
  readonly client: Client;
  readonly conversations: ReturnType<typeof openConversations>;
  readonly presence: ReturnType<typeof openPresence>;
  readonly unread: ReturnType<typeof openUnread>;
}

const SharedContext = createContext<Shared | null>(null);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error("there is no session here");
  return shared;
}

function open(client: Client): Shared {
  return {
    client,
    conversations: openConversations(client, { limit: 50 }),
    presence: openPresence(client),
    unread: openUnread(client),
  };
}

function newestIn({ client, conversations }: Shared, target: Target): string | undefined {
  const rows = conversations.getSnapshot().items;
  const found = rows.find((row) => isSame(conversationOf(row, client.uid).target, target));
  return found?.lastMessage?.id || found?.latestMessageId;
}

export function ModelProvider({ client, children }: { client: Client; children: ReactNode }) {
  const shared = useMemo(() => open(client), [client]);
  useEffect(
    () => () => {
      shared.conversations.close();
      shared.presence.close();
      shared.unread.close();
    },
    [shared],
  );
  const [user, setUser] = useState(client.user);
  const calls = useCallControl(client);
  const { start, join } = calls;
  const actions = useMemo(() => actionsOf(client, (target) => newestIn(shared, target)), [client, shared]);
  const chat = useMemo<Chat>(
    () => ({
      ...actions,
      me: user ? personOf(user) : { uid: client.uid, name: client.uid },
      async updateMe(change) {
        setUser(await client.users.updateMe(change));
      },
      call: start,
      joinCall: join,
    }),
    [actions, client, user, start, join],
  );
  return (
    <SharedContext value={shared}>
      <ChatContext value={chat}>
        <CallContext value={calls.view}>{children}</CallContext>
      </ChatContext>
    </SharedContext>
  );
}
