import { Modal, Progress, Text, UnstyledButton } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { useState } from "react";
import { bytes } from "../model/text";
import type { Attachment } from "../model/types";
import { t } from "../strings";
import classes from "./Attachments.module.css";

interface Props {
  attachments: readonly Attachment[];
  /** Of their upload, from 0 to 1; undefined: they are there. */
  progress?: number;
}

export function Attachments({ attachments, progress }: Props) {
  return (
    <div className={attachments.length > 1 ? classes.grid : undefined}>
      {attachments.map((attachment) => (
        <One key={attachment.url} attachment={attachment} />
      ))}
      {progress !== undefined && progress < 1 && (
        <Progress
          className={classes.progress}
          value={progress * 100}
          size="sm"
          aria-label={t.message.uploading}
        />
      )}
    </div>
  );
}

function One({ attachment }: { attachment: Attachment }) {
  switch (attachment.kind) {
    case "image":
      return <Picture attachment={attachment} />;
    case "video":
      return (
        // biome-ignore lint/a11y/useMediaCaption: nobody gave captions with it.
        <video
          className={classes.video}
          src={attachment.url}
          controls
          preload="metadata"
          aria-label={attachment.name}
        />
      );
    case "audio":
      return (
        // biome-ignore lint/a11y/useMediaCaption: nobody gave captions with it.
        <audio
          className={classes.audio}
          src={attachment.url}
          controls
          preload="metadata"
          aria-label={attachment.name}
        />
      );
    default:
      return <Download attachment={attachment} />;
  }
}

function Picture({ attachment }: { attachment: Attachment }) {
  const [open, setOpen] = useState(false);
  const { url, name } = attachment;
  return (
    <>
      <UnstyledButton
        className={classes.picture}
        onClick={() => setOpen(true)}
        aria-label={t.message.openImage(name)}
      >
        <img src={url} alt={name} loading="lazy" decoding="async" draggable={false} />
      </UnstyledButton>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={name}
        fullScreen
        classNames={{ body: classes.lightbox }}
      >
        <img src={url} alt={name} />
        <a href={url} download={name} className={classes.save}>
          {t.message.download(name)}
        </a>
      </Modal>
    </>
  );
}

function Download({ attachment }: { attachment: Attachment }) {
  const { url, name, size } = attachment;
  return (
    <a className={classes.file} href={url} download={name} target="_blank" rel="noopener">
      <IconFile size={28} stroke={1.4} />
      <span className={classes.about}>
        <Text size="sm" fw={500} truncate>
          <span className="sr-only">{t.message.downloadMark} </span>
          {name}
        </Text>
        {size > 0 && (
          <Text size="xs" c="dimmed">
            {bytes(size)}
          </Text>
        )}
      </span>
    </a>
  );
}
