import { useTyping } from "../model/live";
import type { Target } from "../model/types";
import { t } from "../strings";
import classes from "./TypingLine.module.css";

/** Who types there, or in a thread of it. */
export function TypingLine({ target, parentId }: { target: Target; parentId?: string }) {
  const names = useTyping(target, parentId);
  return (
    <div className={classes.typing} role="status">
      {names.length > 0 && t.chat.isTyping(names)}
    </div>
  );
}
