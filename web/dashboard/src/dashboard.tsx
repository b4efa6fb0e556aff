import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useEffect } from "react";
import { RouterProvider } from "react-router";
import { onSignedOut, onStaleToken } from "./api/client";
import { ApiFault } from "./api/fault";
import { useSigning } from "./api/session";
import { router } from "./routes";
import { theme } from "./theme";

/** A refusal is an answer; only what got none is asked again. */
const retry = (failures: number, error: Error) =>
  failures < 2 && (!(error instanceof ApiFault) || error.status === 0 || error.status >= 500);

const queries = new QueryClient({
  defaultOptions: { queries: { retry, staleTime: 10_000, refetchOnWindowFocus: false } },
});

/** The whole application. */
export function Dashboard() {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" limit={4} />
        <EndOfSession />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** When the server says that the session is over, the log-in form is shown; when it is another one, it is asked for. */
function EndOfSession() {
  const { forget, ask } = useSigning();
  useEffect(() => onSignedOut(forget), [forget]);
  useEffect(() => onStaleToken(ask), [ask]);
  return null;
}
