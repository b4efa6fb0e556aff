import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Outlet, useParams } from "react-router";
import { AppContext, appQuery, roleIn } from "../api/app";
import { apiOf } from "../api/client";
import { FaultNote } from "../ui/fault-note";
import { Page } from "../ui/page";

/** Around the pages of an app: asks once what it is, and what the operator may do there. */
export function AppFrame() {
  const { appId = "" } = useParams();
  const { data, error, refetch } = useQuery(appQuery(appId));
  const scope = useMemo(
    () => (data ? { app: data, appId: data.appId, api: apiOf(data.appId), role: roleIn(data) } : null),
    [data],
  );
  if (scope) {
    return (
      <AppContext.Provider value={scope}>
        <Outlet />
      </AppContext.Provider>
    );
  }
  if (error) {
    return (
      <Page title="App">
        <FaultNote error={error} onRetry={refetch} />
      </Page>
    );
  }
  return (
    <div role="status" aria-label="Loading the app">
      <Skeleton height={40} width={260} mb="lg" />
      <Skeleton height={200} />
    </div>
  );
}
