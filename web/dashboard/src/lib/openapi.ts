/** Reads the server's OpenAPI document for the console: operations, their parameters, an example of a body. */

export type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  description?: string;
  additionalProperties?: Schema | boolean;
};

type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema };

type Described = {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: Schema }> };
};

export type Document = {
  paths: Record<string, Record<string, Described>>;
  components?: { schemas?: Record<string, Schema> };
};

/** A call that can be made. */
export type Operation = {
  id: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  /** Of a JSON body; absent where a call has none. */
  body?: Schema;
  /** The call belongs to one app, which a header names. */
  isOfApp: boolean;
};

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);
/** Calls of these areas are about operators and name the app, if any, in their path. */
const MANAGEMENT = ["management", "operators"];

/** Every operation whose body, if it has one, is JSON. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.has(method))
      .map(([method, described]) => operation(path, method, described)),
  );
}

function operation(path: string, method: string, described: Described): Operation {
  const tag = described.tags?.[0] ?? "other";
  const body = described.requestBody?.content?.["application/json"]?.schema;
  return {
    id: described.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    tag,
    summary: described.summary ?? "",
    description: described.description ?? "",
    parameters: described.parameters ?? [],
    ...(body ? { body } : {}),
    isOfApp: !MANAGEMENT.includes(tag),
  };
}

/** How deep an example goes: entities hold entities. */
const DEPTH = 4;

/** A value that a schema describes, to begin from: what is required, and nothing else. */
export function exampleOf(schema: Schema, document: Document, depth = 0): unknown {
  const known = resolve(schema, document);
  if (known.example !== undefined) return known.example;
  if (known.default !== undefined) return known.default;
  if (known.enum) return known.enum[0];
  const choice = (known.oneOf ?? known.anyOf)?.find((one) => one.type !== "null");
  if (choice) return exampleOf(choice, document, depth);
  if (known.allOf) return Object.assign({}, ...known.allOf.map((part) => exampleOf(part, document, depth)));
  return plain(known, document, depth);
}

function plain(schema: Schema, document: Document, depth: number): unknown {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  if (type === "string") return "";
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return false;
  if (type === "array")
    return schema.items && depth < DEPTH ? [exampleOf(schema.items, document, depth + 1)] : [];
  if (depth >= DEPTH) return {};
  const required = schema.required ?? [];
  const entries = Object.entries(schema.properties ?? {}).filter(([name]) => required.includes(name));
  return Object.fromEntries(entries.map(([name, part]) => [name, exampleOf(part, document, depth + 1)]));
}

function resolve(schema: Schema, document: Document): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return name ? (document.components?.schemas?.[name] ?? {}) : schema;
}

/** Names of the fields of a body with what they mean, for who fills it in. */
export function fieldsOf(
  schema: Schema,
  document: Document,
): { name: string; isRequired: boolean; description: string }[] {
  const known = resolve(schema, document);
  const required = known.required ?? [];
  return Object.entries(known.properties ?? {}).map(([name, part]) => ({
    name,
    isRequired: required.includes(name),
    description: part.description ?? part.oneOf?.find((one) => one.description)?.description ?? "",
  }));
}

/** The address of a call with its parameters put in; empty ones of the query are left out. */
export function addressOf(operation: Operation, values: Record<string, string>): string {
  const path = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(values[`path ${name}`] ?? ""),
  );
  const query = new URLSearchParams();
  for (const { name } of operation.parameters.filter((one) => one.in === "query")) {
    const value = values[`query ${name}`];
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
