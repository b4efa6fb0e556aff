/** The app that a page is about. */

import { queryOptions } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { type Api, answer, management } from "./client";
import { type Act, type Area, may, type OperatorRole } from "./rights";
import type { App } from "./types";

/** An app as the management API shows it. */
export const appQuery = (appId: string) =>
  queryOptions({
    queryKey: ["app", appId, "self"],
    queryFn: async (): Promise<App> =>
      (await answer(management.GET("/v3/apps/{appId}", { params: { path: { appId } } }))).data,
  });

/** The operator's role in an app. */
export function roleIn(app: App): OperatorRole {
  return app.ownRole;
}

export type AppScope = { app: App; appId: string; api: Api; role: OperatorRole };

export const AppContext = createContext<AppScope | null>(null);

/** The app of the page, its API, and what the operator may do there. */
export function useApp() {
  const scope = useContext(AppContext);
  if (!scope) throw new Error("There is no app around this");
  return {
    ...scope,
    may: (area: Area, act: Act) => may(scope.role, area, act),
    /** A key for what is read of this app. */
    key: (...parts: unknown[]) => ["app", scope.appId, ...parts],
    /** An address within the app. */
    path: (rest: string) => `/apps/${scope.appId}${rest}`,
  };
}
