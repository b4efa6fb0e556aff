import { IconAlertCircle, IconCheck, IconChecks, IconClock } from "@tabler/icons-react";
import type { Delivery } from "../model/types";
import { t } from "../strings";
import classes from "./Ticks.module.css";

const LABELS: Record<Delivery, string> = {
  sending: t.message.sending,
  failed: t.message.failed,
  sent: t.message.sent,
  delivered: t.message.delivered,
  read: t.message.read,
};

/** How far an own message has come. */
export function Ticks({ delivery }: { delivery: Delivery }) {
  return (
    <span
      className={classes[delivery]}
      role="img"
      aria-label={LABELS[delivery]}
      title={LABELS[delivery]}
      data-delivery={delivery}
    >
      {delivery === "sending" && <IconClock size={14} />}
      {delivery === "failed" && <IconAlertCircle size={14} />}
      {delivery === "sent" && <IconCheck size={14} />}
      {(delivery === "delivered" || delivery === "read") && <IconChecks size={14} />}
    </span>
  );
}
