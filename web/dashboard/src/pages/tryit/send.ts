import { sessionHeaders } from "../../api/client";
import { ApiFault } from "../../api/fault";

/** A call of the console. */
export type Request = { method: string; address: string; body: string; appId: string; actingUser: string };

export type Answer = { status: number; milliseconds: number; headers: string; body: string };

function headersOf(request: Request): Record<string, string> {
  return {
    ...(request.appId ? { appid: request.appId } : {}),
    ...(request.actingUser ? { onbehalfof: request.actingUser } : {}),
    ...(request.body ? { "content-type": "application/json" } : {}),
  };
}

/** Sends it by the operator's session; a refusal is an answer like others. */
export async function send(request: Request): Promise<Answer> {
  const begin = performance.now();
  let response: Response;
  try {
    response = await fetch(request.address, {
      method: request.method,
      credentials: "same-origin",
      headers: { ...headersOf(request), ...sessionHeaders(request.method) },
      ...(request.body ? { body: request.body } : {}),
    });
  } catch {
    throw new ApiFault("NETWORK", "No answer", 0);
  }
  const text = await response.text();
  return {
    status: response.status,
    milliseconds: Math.round(performance.now() - begin),
    headers: [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"),
    body: indented(text),
  };
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The call as one makes it from a server, with a key in place of the session. */
export function curlOf(request: Request, origin: string): string {
  const credentials: Record<string, string> = request.appId
    ? { apikey: "$REST_API_KEY" }
    : { key: "$MANAGEMENT_KEY", secret: "$MANAGEMENT_SECRET" };
  const headers = Object.entries({ ...headersOf(request), ...credentials });
  const lines = [
    `curl -X ${request.method} ${quoted(`${origin}${request.address}`)}`,
    // Double quotes: the shell puts the key in.
    ...headers.map(([name, value]) =>
      value.startsWith("$") ? `  -H "${name}: ${value}"` : `  -H ${quoted(`${name}: ${value}`)}`,
    ),
    ...(request.body ? [`  -d ${quoted(compact(request.body))}`] : []),
  ];
  return lines.join(" \\\n");
}

function compact(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

/** One word to a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
