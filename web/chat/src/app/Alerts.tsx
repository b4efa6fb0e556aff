import { useEffect } from "react";
import { useLocation, useNavigate } from "react-router";
import { Face } from "../common/Face";
import { notify, unnotify } from "../common/notify";
import { useIncoming } from "../model/live";
import { summaryOf } from "../model/summary";
import { pathOf } from "../model/target";
import type { Conversation, Message } from "../model/types";

/** Longest that a notice stands, in ms. */
const STANDS = 5_000;

/** Tells of messages in conversations that are not open. */
export function Alerts() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const incoming = useIncoming();
  useEffect(
    () =>
      incoming((conversation: Conversation, message: Message) => {
        const path = pathOf(conversation.target);
        if (pathname === path && document.visibilityState === "visible") return;
        const id = `message-${message.key}`;
        notify({
          id,
          title:
            conversation.target.kind === "group"
              ? `${message.sender.name} · ${conversation.name}`
              : message.sender.name,
          message: summaryOf(message),
          icon: <Face name={message.sender.name} src={message.sender.avatar} size={32} />,
          autoClose: STANDS,
          onClick: () => {
            unnotify(id);
            navigate(path);
          },
        });
      }),
    [incoming, navigate, pathname],
  );
  return null;
}
