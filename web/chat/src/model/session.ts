import { useCallback, useEffect, useState } from "react";
import { forgetDrafts } from "./drafts";
import { type Client, HalleyChat, SettingsBuilder, webStorage } from "./sdk";

export interface Credentials {
  readonly appId: string;
  readonly uid?: string;
  readonly authKey?: string;
  readonly authToken?: string;
  /** Keep the session when the tab is closed. */
  readonly remember: boolean;
}

export type Session =
  | { readonly state: "resuming" }
  | { readonly state: "out"; readonly expired: boolean; login(credentials: Credentials): Promise<void> }
  | { readonly state: "in"; readonly client: Client };

/** The app that a session belongs to. It lies beside the session: in the tab, or on the device. */
const APP = "halley-chat.app";
const STORES = [sessionStorage, localStorage];

function clientFor(appId: string, storage: Storage): Client {
  const settings = new SettingsBuilder(location.origin, appId)
    .presence("all")
    .storage(webStorage(storage))
    .build();
  return new HalleyChat(settings);
}

/** The session of this tab, or else that of the device. */
async function restored(): Promise<Client | null> {
  for (const storage of STORES) {
    const appId = storage.getItem(APP);
    if (!appId) continue;
    const client = clientFor(appId, storage);
    if (await client.restore()) return client;
    client.close();
  }
  return null;
}

async function entered(credentials: Credentials): Promise<Client> {
  const { appId, uid, authKey, authToken, remember } = credentials;
  const storage = remember ? localStorage : sessionStorage;
  const client = clientFor(appId, storage);
  try {
    await client.login(authToken ? { authToken } : { uid: uid ?? "", authKey: authKey ?? "" });
  } catch (error) {
    client.close();
    throw error;
  }
  storage.setItem(APP, appId);
  return client;
}

interface State {
  client: Client | null;
  resuming: boolean;
  expired: boolean;
}

/** Who is logged in; the page has one session. */
export function useSession(): Session {
  const [{ client, resuming, expired }, setState] = useState<State>({
    client: null,
    resuming: true,
    expired: false,
  });
  useEffect(() => {
    restored()
      .catch(() => null)
      .then((client) => setState({ client, resuming: false, expired: false }));
  }, []);
  useEffect(() => {
    if (!client) return;
    return client.on("logout", ({ reason }) => {
      client.close();
      forgetDrafts();
      for (const storage of STORES) storage.removeItem(APP);
      setState({ client: null, resuming: false, expired: reason !== "asked" });
    });
  }, [client]);
  const login = useCallback(async (credentials: Credentials) => {
    const client = await entered(credentials);
    setState({ client, resuming: false, expired: false });
  }, []);
  if (resuming) return { state: "resuming" };
  return client ? { state: "in", client } : { state: "out", expired, login };
}
