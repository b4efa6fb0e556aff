import { ModelProvider } from "../model/provider";
import type { Client } from "../model/sdk";
import { Frame } from "./Frame";

/** The app of somebody who is logged in. */
export default function Shell({ client }: { client: Client }) {
  return (
    <ModelProvider client={client}>
      <Frame />
    </ModelProvider>
  );
}
