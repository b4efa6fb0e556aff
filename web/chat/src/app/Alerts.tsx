import { Text } from "@mantine/core";
import { useEffect } from "react";
import { useLocation, useNavigate } from "react-router";
import { Face } from "../common/Face";
import { notify, unnotify } from "../common/notify";
import { useChat } from "../model/chat";
import { useIncoming } from "../model/live";
import { isMuted, notice } from "../model/quiet";
import { isChat, summaryOf } from "../model/summary";
import { pathOf } from "../model/target";
import type { Conversation, Message } from "../model/types";
import { t } from "../strings";

/** Longest that a notice stands, in ms. */
const STANDS = 5_000;

/** Tells of messages in conversations that are not open. */
export function Alerts() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const incoming = useIncoming();
  const { uid } = useChat().me;
  useEffect(
    () =>
      incoming((conversation: Conversation, message: Message) => {
        const path = pathOf(conversation.target);
        if (pathname === path && document.visibilityState === "visible") return;
        // Who is called by name hears of it all the same.
        const calledForMe = isChat(message) && message.mentionsMe;
        if (isMuted(uid, conversation.target) && !calledForMe) return;
        const title =
          conversation.target.kind === "group"
            ? t.list.foundIn(message.sender.name, conversation.name)
            : message.sender.name;
        const text = summaryOf(message);
        const elsewhere = document.visibilityState === "hidden" || !document.hasFocus();
        if (elsewhere && notice(title, text, conversation.id, () => navigate(path))) return;
        const id = `message-${message.key}`;
        notify({
          id,
          title,
          message: (
            <Text size="sm" lineClamp={2} dir="auto" inherit>
              {text}
            </Text>
          ),
          icon: <Face name={message.sender.name} src={message.sender.avatar} size={32} />,
          autoClose: STANDS,
          onClick: () => {
            unnotify(id);
            navigate(path);
          },
        });
      }),
    [incoming, navigate, pathname, uid],
  );
  return null;
}
