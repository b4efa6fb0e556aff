/** Every page and its address. Pages are fetched when one goes there. */

import type { ComponentType } from "react";
import { createBrowserRouter, Navigate, type RouteObject } from "react-router";
import { AppFrame } from "./layout/app-frame";
import { Crash, Missing } from "./layout/crash";
import { Gate } from "./layout/gate";
import { Login } from "./pages/login";

/** A page in a file of its own. */
function page<M>(path: string, load: () => Promise<M>, pick: (module: M) => ComponentType): RouteObject {
  return { path, lazy: async () => ({ Component: pick(await load()) }), HydrateFallback: () => null };
}

const ofApp: RouteObject[] = [
  { index: true, lazy: async () => ({ Component: (await import("./pages/apps/overview")).Overview }) },
  page(
    "credentials",
    () => import("./pages/apps/credentials"),
    (m) => m.Credentials,
  ),
  page(
    "users",
    () => import("./pages/users/users"),
    (m) => m.Users,
  ),
  page(
    "users/:uid",
    () => import("./pages/users/user"),
    (m) => m.UserPage,
  ),
  page(
    "bots",
    () => import("./pages/users/bots"),
    (m) => m.Bots,
  ),
  page(
    "groups",
    () => import("./pages/groups/groups"),
    (m) => m.Groups,
  ),
  page(
    "groups/:guid",
    () => import("./pages/groups/group"),
    (m) => m.GroupPage,
  ),
  page(
    "messages",
    () => import("./pages/messages/messages"),
    (m) => m.Messages,
  ),
  page(
    "messages/:id",
    () => import("./pages/messages/message"),
    (m) => m.MessagePage,
  ),
  page(
    "moderation",
    () => import("./pages/moderation/moderation"),
    (m) => m.Moderation,
  ),
  page(
    "roles",
    () => import("./pages/roles/roles"),
    (m) => m.Roles,
  ),
  page(
    "roles/:role",
    () => import("./pages/roles/role"),
    (m) => m.RolePage,
  ),
  page(
    "permissions",
    () => import("./pages/roles/permissions"),
    (m) => m.Permissions,
  ),
  page(
    "webhooks",
    () => import("./pages/webhooks/webhooks"),
    (m) => m.Webhooks,
  ),
  page(
    "webhooks/:webhookId",
    () => import("./pages/webhooks/webhook"),
    (m) => m.WebhookPage,
  ),
  page(
    "settings",
    () => import("./pages/settings/settings"),
    (m) => m.Settings,
  ),
  page(
    "collaborators",
    () => import("./pages/apps/collaborators"),
    (m) => m.Collaborators,
  ),
  page(
    "audit",
    () => import("./pages/operators/audit"),
    (m) => m.AppAudit,
  ),
  page(
    "try-it",
    () => import("./pages/tryit/try-it"),
    (m) => m.TryIt,
  ),
  { path: "*", Component: Missing },
];

export const router = createBrowserRouter(
  [
    { path: "/login", Component: Login, ErrorBoundary: Crash },
    {
      Component: Gate,
      ErrorBoundary: Crash,
      HydrateFallback: () => null,
      children: [
        { path: "/", element: <Navigate to="/apps" replace /> },
        page(
          "/apps",
          () => import("./pages/apps/apps"),
          (m) => m.Apps,
        ),
        { path: "/apps/:appId", Component: AppFrame, children: ofApp },
        page(
          "/operators",
          () => import("./pages/operators/operators"),
          (m) => m.Operators,
        ),
        page(
          "/live",
          () => import("./pages/live/live"),
          (m) => m.Live,
        ),
        page(
          "/audit",
          () => import("./pages/operators/audit"),
          (m) => m.WholeAudit,
        ),
        page(
          "/account",
          () => import("./pages/operators/account"),
          (m) => m.Account,
        ),
        { path: "*", Component: Missing },
      ],
    },
  ],
  { basename: "/dashboard" },
);
