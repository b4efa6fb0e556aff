import {
  ActionIcon,
  Burger,
  Drawer,
  Menu,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconLogout, IconMoon, IconSun, IconUserCircle } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { tellFault } from "../api/action";
import { useOperator, useSigning } from "../api/session";
import { Navigation } from "./navigation";
import classes from "./shell.module.css";

/** What stands around every page: the bar above, the way to the other pages beside. */
export function Shell({ children }: { children: ReactNode }) {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const [hasGone, setGone] = useState(false);
  const { pathname } = useLocation();
  // The drawer closes when one has gone somewhere, and leaves the focus to the new page.
  useEffect(() => {
    setGone(true);
    close();
  }, [pathname, close]);
  const open = () => {
    setGone(false);
    toggle();
  };
  return (
    <div className={classes.shell}>
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <header className={classes.header}>
        <Burger
          opened={isOpen}
          onClick={open}
          className={classes.burger ?? ""}
          size="sm"
          aria-label="Navigation"
          aria-expanded={isOpen}
        />
        <Link to="/apps" className={classes.brand}>
          <img src="/dashboard/icon.svg" alt="" width={28} height={28} />
          <span>Halley</span>
        </Link>
        <div className={classes.spacer} />
        <SchemeSwitch />
        <OperatorMenu />
      </header>
      <nav className={classes.nav} aria-label="Main">
        <Navigation />
      </nav>
      <Drawer opened={isOpen} onClose={close} title="Navigation" size={280} returnFocus={!hasGone}>
        <nav aria-label="Main">
          <Navigation />
        </nav>
      </Drawer>
      <main id="content" className={classes.main}>
        {children}
      </main>
    </div>
  );
}

/** Light or dark; until somebody chooses, as the system has it. */
export function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const label = isDark ? "Use light colours" : "Use dark colours";
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? "light" : "dark")}
      >
        {isDark ? <IconSun size={20} /> : <IconMoon size={20} />}
      </ActionIcon>
    </Tooltip>
  );
}

function OperatorMenu() {
  const operator = useOperator();
  const { signOut } = useSigning();
  const navigate = useNavigate();
  const leave = () => signOut().then(() => navigate("/login"), tellFault);
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account of ${operator.name}`}>
          <IconUserCircle size={22} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <Text size="sm" fw={600} truncate>
            {operator.name}
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {operator.email}
          </Text>
          <Text size="xs" c="dimmed">
            Role: {operator.role}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={16} />}>
          Account and password
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
