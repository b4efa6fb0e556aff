import { EmojiPicker as Picker } from "frimousse";
import { t } from "../strings";
import classes from "./EmojiPicker.module.css";

/** From this host: see vite.config.ts. */
const DATA = `${import.meta.env.BASE_URL}assets/emoji`;

function fromOne(index: number | undefined): number | undefined {
  return index === undefined ? undefined : index + 1;
}

export default function EmojiPicker({ pick }: { pick: (emoji: string) => void }) {
  return (
    <Picker.Root
      className={classes.root}
      emojibaseUrl={DATA}
      locale="en"
      columns={8}
      onEmojiSelect={({ emoji }) => pick(emoji)}
    >
      <Picker.Search
        className={classes.search}
        placeholder={t.emoji.search}
        aria-label={t.emoji.search}
        autoFocus
      />
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
            // Rows and columns are counted from one, which the picker does not do.
            Row: ({ children, ...props }) => (
              // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the picker gives the role.
              <div {...props} aria-rowindex={fromOne(props["aria-rowindex"])} className={classes.row}>
                {children}
              </div>
            ),
            Emoji: ({ emoji, ...props }) => (
              // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the picker gives the role.
              <button
                type="button"
                {...props}
                aria-colindex={fromOne(props["aria-colindex"])}
                className={classes.emoji}
                aria-label={emoji.label}
              >
                {emoji.emoji}
              </button>
            ),
          }}
        />
      </Picker.Viewport>
    </Picker.Root>
  );
}
