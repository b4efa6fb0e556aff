import {
  Alert,
  Badge,
  Button,
  Group,
  NumberInput,
  Paper,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import { allWell } from "../../api/fault";
import { useOperator } from "../../api/session";
import { formatNumber } from "../../lib/format";
import { FaultNote } from "../../ui/fault-note";
import { Page } from "../../ui/page";
import { FEATURES, LIMITS, type Limit, MODE, MODES, type Unit } from "./catalogue";
import { limitProblem } from "./rules";
import classes from "./settings.module.css";

const UNITS: Record<Unit, string> = { Count: "", Bytes: "bytes", PerMinute: "a minute" };

/** What the app has set for itself. */
export function Settings() {
  const { appId, key } = useApp();
  const [search, setSearch] = useState("");
  const settings = useQuery({
    queryKey: key("settings"),
    queryFn: async () => {
      const { data } = await answer(
        management.GET("/v3/apps/{appId}/settings", { params: { path: { appId } } }),
      );
      return data as Record<string, unknown>;
    },
  });
  const matches = ({ key: name, meaning }: { key: string; meaning: string }) =>
    `${name} ${meaning}`.toLowerCase().includes(search.trim().toLowerCase());
  const values = settings.data;
  return (
    <Page title="Settings and limits" about="Each change is in force at once, on every server process.">
      <TextInput
        type="search"
        label="Find a setting"
        mb="lg"
        maw={400}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {settings.error && <FaultNote error={settings.error} onRetry={settings.refetch} />}
      {!values && !settings.error && <p role="status">Loading the settings…</p>}
      {values && (
        <Stack gap="xl">
          <Part title="Features">
            {FEATURES.filter(matches).map((feature) => (
              <FeatureRow
                key={feature.key}
                name={feature.key}
                meaning={feature.meaning}
                value={values[feature.key] === true}
                isDefault={values[feature.key] === feature.default}
              />
            ))}
            {matches({ key: MODE, meaning: "signals typing transient" }) && (
              <ModeRow value={String(values[MODE])} />
            )}
          </Part>
          <Limits limits={LIMITS.filter(matches)} values={values} />
        </Stack>
      )}
    </Page>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      <Paper withBorder>{children}</Paper>
    </section>
  );
}

/** Sets one setting, or puts it back to its default. */
function useSetting(name: string) {
  const { appId } = useApp();
  const params = { path: { appId } };
  return useAction(
    async (value: unknown) => {
      if (value === undefined) {
        await answer(management.DELETE("/v3/apps/{appId}/settings", { params, body: { settings: [name] } }));
        return;
      }
      const body = { settings: { [name]: value } };
      allWell((await answer(management.POST("/v3/apps/{appId}/settings", { params, body }))).data);
    },
    { done: "The setting is saved" },
  );
}

type RowProps = {
  name: string;
  meaning: string;
  isDefault: boolean;
  children: ReactNode;
  onReset?: (() => void) | undefined;
};

function Row({ name, meaning, isDefault, children, onReset }: RowProps) {
  return (
    <div className={classes.row}>
      <div className={classes.about}>
        <Group gap="xs">
          <Text fw={600} size="sm" className={classes.name ?? ""}>
            {name}
          </Text>
          {!isDefault && (
            <Badge size="sm" variant="light">
              changed
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {meaning}
        </Text>
      </div>
      <Group gap="xs" className={classes.control ?? ""}>
        {children}
        {!isDefault && onReset && (
          <Button size="xs" variant="subtle" onClick={onReset} aria-label={`Default for ${name}`}>
            Default
          </Button>
        )}
      </Group>
    </div>
  );
}

type FeatureProps = { name: string; meaning: string; value: boolean; isDefault: boolean };

function FeatureRow({ name, meaning, value, isDefault }: FeatureProps) {
  const { may } = useApp();
  const setting = useSetting(name);
  const canChange = may("settings", "C");
  return (
    <Row name={name} meaning={meaning} isDefault={isDefault}>
      <Switch
        aria-label={name}
        checked={value}
        disabled={!canChange || setting.isPending}
        onChange={(event) => setting.mutate(event.currentTarget.checked)}
      />
    </Row>
  );
}

function ModeRow({ value }: { value: string }) {
  const { may } = useApp();
  const setting = useSetting(MODE);
  return (
    <Row name={MODE} meaning="Which signals the app's clients send." isDefault={value === MODES[0]?.value}>
      <Select
        aria-label={MODE}
        data={MODES}
        value={value}
        w={320}
        disabled={!may("settings", "C") || setting.isPending}
        onChange={(chosen) => chosen && setting.mutate(chosen)}
      />
    </Row>
  );
}

function Limits({ limits, values }: { limits: Limit[]; values: Record<string, unknown> }) {
  const { may } = useApp();
  const operator = useOperator();
  const canChange = operator.role === "owner" && may("settings", "C");
  return (
    <Part title="Limits">
      {!canChange && (
        <Alert color="gray" variant="light" m="md">
          Limits protect the whole server: only owners of the installation change them.
        </Alert>
      )}
      {limits.map((limit) => (
        <LimitRow
          key={`${limit.key} ${values[limit.key]}`}
          limit={limit}
          value={Number(values[limit.key])}
          canChange={canChange}
        />
      ))}
    </Part>
  );
}

function LimitRow({ limit, value, canChange }: { limit: Limit; value: number; canChange: boolean }) {
  const { may } = useApp();
  const [draft, setDraft] = useState<string | number>(value);
  const setting = useSetting(limit.key);
  const problem = limitProblem(limit, draft);
  const unit = UNITS[limit.unit];
  const about = [
    limit.meaning,
    `Default: ${limit.default === 0 ? "no limit" : formatNumber(limit.default)}.`,
    limit.ceiling > 0 && `At most ${formatNumber(limit.ceiling)}.`,
  ];
  return (
    <Row
      name={limit.key}
      meaning={about.filter(Boolean).join(" ")}
      isDefault={value === limit.default}
      onReset={canChange && may("settings", "D") ? () => setting.mutate(undefined) : undefined}
    >
      {canChange ? (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (problem === null) setting.mutate(Number(draft));
          }}
        >
          <NumberInput
            aria-label={limit.key}
            value={draft}
            onChange={setDraft}
            error={problem}
            hideControls
            thousandSeparator=" "
            suffix={unit && ` ${unit}`}
            w={170}
          />
          <Button
            type="submit"
            size="sm"
            variant="default"
            aria-label={`Save ${limit.key}`}
            disabled={problem !== null || Number(draft) === value}
            loading={setting.isPending}
          >
            Save
          </Button>
        </form>
      ) : (
        <Text>
          {value === 0 ? "no limit" : formatNumber(value)} {value !== 0 && unit}
        </Text>
      )}
    </Row>
  );
}
