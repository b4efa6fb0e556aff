import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useApp } from "../../api/app";
import { formatJson, objectProblem } from "../../lib/format";
import {
  addressOf,
  type Document,
  exampleOf,
  fieldsOf,
  type Operation,
  operationsOf,
} from "../../lib/openapi";
import { useUrlState } from "../../lib/url-state";
import { CodeView } from "../../ui/code";
import { FaultNote } from "../../ui/fault-note";
import { JsonField } from "../../ui/fields";
import { Page } from "../../ui/page";
import { type Answer, curlOf, send } from "./send";
import classes from "./try-it.module.css";

async function fetchDocument(): Promise<Document> {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error("The server does not describe its API.");
  return response.json() as Promise<Document>;
}

/** A console for every call of the API, by the operator's own session. */
export function TryIt() {
  const { get, set } = useUrlState();
  const document = useQuery({
    queryKey: ["openapi"],
    queryFn: fetchDocument,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page
      title="Try it"
      about="Make any call of the REST API in this app, as yourself: what your role may not do is refused here, too."
    >
      {document.error && <FaultNote error={document.error} onRetry={document.refetch} />}
      {document.isPending && <p role="status">Loading the description of the API…</p>}
      {document.data && (
        <Console
          document={document.data}
          chosen={get("operation")}
          onChoose={(operation) => set({ operation })}
        />
      )}
    </Page>
  );
}

type ConsoleProps = { document: Document; chosen: string; onChoose: (id: string) => void };

function Console({ document, chosen, onChoose }: ConsoleProps) {
  const operations = operationsOf(document);
  const operation = operations.find(({ id }) => id === chosen);
  return (
    <Stack>
      <Select
        label="Operation"
        placeholder="Type to search"
        searchable
        nothingFoundMessage="No such operation"
        data={grouped(operations)}
        value={operation?.id ?? null}
        onChange={(id) => onChoose(id ?? "")}
        maxDropdownHeight={360}
      />
      {operation && <Call key={operation.id} operation={operation} document={document} />}
    </Stack>
  );
}

function grouped(operations: Operation[]) {
  const tags = [...new Set(operations.map((operation) => operation.tag))].sort();
  return tags.map((tag) => ({
    group: tag,
    items: operations
      .filter((operation) => operation.tag === tag)
      .map((operation) => ({
        value: operation.id,
        label: `${operation.method} ${operation.path}  ${operation.summary}`,
      })),
  }));
}

function Call({ operation, document }: { operation: Operation; document: Document }) {
  const { appId } = useApp();
  const [values, setValues] = useState<Record<string, string>>({ "path appId": appId });
  const [body, setBody] = useState(() =>
    operation.body ? formatJson(exampleOf(operation.body, document)) : "",
  );
  const [actingUser, setActingUser] = useState("");
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: send,
    onSuccess: () =>
      queries.invalidateQueries({ predicate: ({ queryKey }) => !KEPT.has(String(queryKey[0])) }),
  });
  const request = {
    method: operation.method,
    address: addressOf(operation, values),
    body: operation.body ? body : "",
    appId: operation.isOfApp ? appId : "",
    actingUser: operation.isOfApp ? actingUser.trim() : "",
  };
  const missing = operation.parameters.filter((one) => one.in === "path" && !values[`path ${one.name}`]);
  const problem = operation.body ? objectProblem(body) : null;
  const set = (name: string, value: string) => setValues((old) => ({ ...old, [name]: value }));
  return (
    <>
      <div>
        <Group gap="xs">
          <Badge>{operation.method}</Badge>
          <Code className={classes.path ?? ""}>{operation.path}</Code>
        </Group>
        <Text mt="xs">{operation.summary}</Text>
        {operation.description && <Text c="dimmed">{operation.description}</Text>}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          call.mutate(request);
        }}
      >
        <Stack>
          <Parameters operation={operation} values={values} onChange={set} />
          {operation.isOfApp && (
            <TextInput
              label="On behalf of (uid)"
              description="Empty: in the app's own name"
              maw={400}
              value={actingUser}
              onChange={(event) => setActingUser(event.currentTarget.value)}
            />
          )}
          {operation.body && (
            <>
              <JsonField label="Body" value={body} onChange={setBody} error={problem} />
              <BodyFields operation={operation} document={document} />
            </>
          )}
          {operation.method !== "GET" && (
            <Alert color="yellow" variant="light">
              This call may change the live data of the app.
            </Alert>
          )}
          <CodeView text={curlOf(request, window.location.origin)} label="The same call from a shell" />
          <Group>
            <Button type="submit" loading={call.isPending} disabled={missing.length > 0 || problem !== null}>
              Send
            </Button>
            {missing.length > 0 && (
              <Text size="sm">Missing: {missing.map((one) => one.name).join(", ")}</Text>
            )}
          </Group>
        </Stack>
      </form>
      {call.error && <FaultNote error={call.error} />}
      {call.data && <AnswerView answer={call.data} />}
    </>
  );
}

/** What a call of the console can't have changed. */
const KEPT = new Set(["session", "openapi"]);

type ParametersProps = {
  operation: Operation;
  values: Record<string, string>;
  onChange: (name: string, value: string) => void;
};

function Parameters({ operation, values, onChange }: ParametersProps) {
  const shown = operation.parameters.filter((one) => one.in === "path" || one.in === "query");
  if (shown.length === 0) return null;
  return (
    <div className={classes.parameters}>
      {shown.map((parameter) => {
        const name = `${parameter.in} ${parameter.name}`;
        return (
          <TextInput
            key={name}
            label={parameter.name}
            description={parameter.description}
            required={parameter.in === "path"}
            value={values[name] ?? ""}
            onChange={(event) => onChange(name, event.currentTarget.value)}
          />
        );
      })}
    </div>
  );
}

function BodyFields({ operation, document }: { operation: Operation; document: Document }) {
  if (!operation.body) return null;
  const fields = fieldsOf(operation.body, document);
  if (fields.length === 0) return null;
  return (
    <details>
      <summary>Fields of the body</summary>
      <ul className={classes.fields}>
        {fields.map((field) => (
          <li key={field.name}>
            <Code>{field.name}</Code> {field.isRequired && <strong>(required)</strong>} {field.description}
          </li>
        ))}
      </ul>
    </details>
  );
}

function AnswerView({ answer }: { answer: Answer }) {
  const ref = useFocus(answer);
  return (
    <Paper withBorder p="md" component="section" aria-label="Answer">
      <Group gap="xs" mb="sm">
        <Title order={2} size="h4" ref={ref} tabIndex={-1}>
          Answer
        </Title>
        <Badge color={answer.status < 400 ? "green" : "red"} variant="light">
          {answer.status}
        </Badge>
        <Text size="sm" c="dimmed">
          {answer.milliseconds} ms
        </Text>
      </Group>
      <CodeView text={answer.body} label="Body of the answer" />
      <details>
        <summary>Headers</summary>
        <CodeView text={answer.headers} label="Headers of the answer" />
      </details>
    </Paper>
  );
}

/** Takes the focus to what has come, so that a screen reader tells it. */
function useFocus(of: unknown) {
  const [element, setElement] = useState<HTMLHeadingElement | null>(null);
  // Each answer gets the focus.
  useEffect(() => element?.focus({ preventScroll: false }), [element, of]);
  return setElement;
}
