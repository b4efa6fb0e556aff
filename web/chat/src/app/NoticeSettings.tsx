import { Switch, Text, Title } from "@mantine/core";
import { tell } from "../model/errors";
import { useNotices, wishNotices } from "../model/quiet";
import { t } from "../strings";

export function NoticeSettings() {
  const notices = useNotices();
  if (notices === "missing") return null;
  return (
    <section aria-label={t.settings.notices}>
      <Title order={2} size="h4" mb="sm">
        {t.settings.notices}
      </Title>
      <Switch
        label={t.settings.noticesLabel}
        checked={notices === "on"}
        disabled={notices === "refused"}
        onChange={(event) => tell(wishNotices(event.currentTarget.checked))}
      />
      {notices === "refused" && (
        <Text size="sm" c="dimmed" mt="xs">
          {t.settings.noticesRefused}
        </Text>
      )}
    </section>
  );
}
