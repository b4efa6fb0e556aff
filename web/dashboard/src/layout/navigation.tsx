import { NavLink, Text } from "@mantine/core";
import {
  IconActivity,
  IconApps,
  IconChartBar,
  IconFlag,
  IconHistory,
  IconKey,
  IconMessages,
  IconRobot,
  IconSettings,
  IconShieldLock,
  IconTerminal2,
  IconUser,
  IconUserShield,
  IconUsers,
  IconUsersGroup,
  IconWebhook,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { Link, useLocation, useParams } from "react-router";
import { appQuery, roleIn } from "../api/app";
import { type Area, may } from "../api/rights";
import { useOperator } from "../api/session";
import classes from "./navigation.module.css";

type Place = { to: string; label: string; icon: ComponentType<{ size?: number }>; area?: Area };

const OF_APP: Place[] = [
  { to: "", label: "Overview", icon: IconChartBar },
  { to: "/users", label: "Users", icon: IconUser, area: "users" },
  { to: "/bots", label: "Bots", icon: IconRobot, area: "bots" },
  { to: "/groups", label: "Groups", icon: IconUsersGroup, area: "groups" },
  { to: "/messages", label: "Messages", icon: IconMessages, area: "messages" },
  { to: "/moderation", label: "Moderation", icon: IconFlag, area: "moderation" },
  { to: "/roles", label: "Roles", icon: IconUserShield, area: "roles" },
  { to: "/permissions", label: "Permissions", icon: IconShieldLock, area: "roles" },
  { to: "/credentials", label: "Credentials", icon: IconKey, area: "keys" },
  { to: "/webhooks", label: "Webhooks", icon: IconWebhook, area: "webhooks" },
  { to: "/settings", label: "Settings and limits", icon: IconSettings, area: "settings" },
  { to: "/collaborators", label: "Collaborators", icon: IconUsers, area: "team" },
  { to: "/audit", label: "Audit log", icon: IconHistory, area: "audit" },
  { to: "/try-it", label: "Try it", icon: IconTerminal2 },
];

/** The pages that the operator may see. */
export function Navigation() {
  const { appId } = useParams();
  const operator = useOperator();
  return (
    <>
      <Entry place={{ to: "/apps", label: "Apps", icon: IconApps }} isExact />
      {(operator.role === "owner" || operator.role === "admin") && (
        <Entry place={{ to: "/live", label: "Live", icon: IconActivity }} />
      )}
      {operator.role === "owner" && (
        <>
          <Entry place={{ to: "/operators", label: "Operators", icon: IconUsers }} />
          <Entry place={{ to: "/audit", label: "Audit log of all", icon: IconHistory }} />
        </>
      )}
      {appId && <OfApp appId={appId} />}
    </>
  );
}

function OfApp({ appId }: { appId: string }) {
  const app = useQuery(appQuery(appId));
  if (!app.data) return null;
  const role = roleIn(app.data);
  const places = OF_APP.filter(({ area }) => area === undefined || may(role, area, "R"));
  return (
    <>
      <Text className={classes.app ?? ""} size="sm" fw={700}>
        {app.data.name}
      </Text>
      {places.map((place) => (
        <Entry
          key={place.to}
          place={{ ...place, to: `/apps/${appId}${place.to}` }}
          isExact={place.to === ""}
        />
      ))}
    </>
  );
}

function Entry({ place, isExact = false }: { place: Place; isExact?: boolean }) {
  const { pathname } = useLocation();
  const isHere = isExact
    ? pathname === place.to
    : pathname === place.to || pathname.startsWith(`${place.to}/`);
  const Icon = place.icon;
  return (
    <NavLink
      component={Link}
      to={place.to}
      label={place.label}
      active={isHere}
      aria-current={isHere ? "page" : undefined}
      leftSection={<Icon size={18} />}
      className={classes.entry ?? ""}
    />
  );
}
