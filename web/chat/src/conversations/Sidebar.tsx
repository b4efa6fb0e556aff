import { Menu, TextInput, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import {
  IconBookmark,
  IconDeviceDesktop,
  IconEdit,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSettings,
  IconSun,
} from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router";
import { Face } from "../common/Face";
import { IconButton } from "../common/IconButton";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { t } from "../strings";
import { ConversationList } from "./ConversationList";
import classes from "./Sidebar.module.css";

const NewChat = lazy(() => import("./NewChat"));

export function Sidebar() {
  const [search, setSearch] = useState("");
  const [needle] = useDebouncedValue(search.trim(), 250);
  const [creating, setCreating] = useState(false);
  return (
    <nav className={classes.sidebar} aria-label={t.list.label}>
      <header className={classes.header}>
        <AccountMenu />
        <h1 className={classes.title}>{t.list.title}</h1>
        <IconButton label={t.list.newChat} onClick={() => setCreating(true)}>
          <IconEdit size={20} />
        </IconButton>
      </header>
      <TextInput
        className={classes.search}
        type="search"
        radius="xl"
        aria-label={t.list.search}
        placeholder={t.list.search}
        leftSection={<IconSearch size={16} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ConversationList search={needle} />
      {creating && (
        <Suspense fallback={null}>
          <NewChat close={() => setCreating(false)} />
        </Suspense>
      )}
    </nav>
  );
}

const SCHEMES = [
  { value: "light", label: t.me.light, icon: <IconSun size={16} /> },
  { value: "dark", label: t.me.dark, icon: <IconMoon size={16} /> },
  { value: "auto", label: t.me.auto, icon: <IconDeviceDesktop size={16} /> },
] as const;

function AccountMenu() {
  const chat = useChat();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={`${t.me.menu}: ${chat.me.name}`}>
          <Face name={chat.me.name} src={chat.me.avatar} size={36} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{chat.me.name}</Menu.Label>
        <Menu.Item leftSection={<IconBookmark size={16} />} onClick={() => navigate("/saved")}>
          {t.me.saved}
        </Menu.Item>
        <Menu.Item leftSection={<IconSettings size={16} />} onClick={() => navigate("/settings")}>
          {t.me.settings}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t.me.theme}</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(value as typeof colorScheme)}
        >
          {SCHEMES.map(({ value, label, icon }) => (
            <Menu.RadioItem key={value} value={value} rightSection={icon}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => tell(chat.logout())}>
          {t.me.logout}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
