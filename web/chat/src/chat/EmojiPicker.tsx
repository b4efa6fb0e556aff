import { EmojiPicker as Picker } from "frimousse";
import { t } from "../strings";
import classes from "./EmojiPicker.module.css";

/** From this host: see vite.config.ts. */
const DATA = `${import.meta.env.BASE_URL}assets/emoji`;

export default function EmojiPicker({ pick }: { pick: (emoji: string) => void }) {
  return (
    <Picker.Root
      className={classes.root}
      emojibaseUrl={DATA}
      locale="en"
      columns={8}
      onEmojiSelect={({ emoji }) => pick(emoji)}
    >
      <Picker.Search className={classes.search} placeholder={t.emoji.search} aria-label={t.emoji.search} autoFocus />
      <Picker.Viewport className={classes.viewport}>
        <Picker.Loading className={classes.note}>{t.loading}</Picker.Loading>
        <Picker.Empty className={classes.note}>{t.emoji.none}</Picker.Empty>
        <Picker.List
          className={classes.list}
          components={{
            CategoryHeader: ({ category, ...props }) => (
              <div {...props} className={classes.category}>
                {category.label}
              </div>
            ),
            Row: ({ children, ...props }) => (
              <div {...props} className={classes.row}>
                {children}
              </div>
            ),
            Emoji: ({ emoji, ...props }) => (
              <button type="button" {...props} className={classes.emoji} aria-label={emoji.label}>
                {emoji.emoji}
              </button>
            ),
          }}
        />
      </Picker.Viewport>
    </Picker.Root>
  );
}
