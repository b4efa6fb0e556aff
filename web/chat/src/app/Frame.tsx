import { Alert } from "@mantine/core";
import { IconCloudOff, IconMessages } from "@tabler/icons-react";
import { lazy, Suspense, useEffect } from "react";
import { Navigate, Route, Routes, useMatch } from "react-router";
import { ChatPage } from "../chat/ChatPage";
import { Nothing, Waiting } from "../common/Nothing";
import { Sidebar } from "../conversations/Sidebar";
import { useCall } from "../model/calls";
import { useConnection, useUnreadTotal } from "../model/live";
import { t } from "../strings";
import { Alerts } from "./Alerts";
import classes from "./Frame.module.css";

const CallOverlay = lazy(() => import("../calls/CallOverlay"));
const SettingsPage = lazy(() => import("./SettingsPage"));
const SavedPage = lazy(() => import("./SavedPage"));

/** The list at the left, what was picked in it at the right; on a phone one of the two. */
export function Frame() {
  const atList = useMatch("/");
  return (
    <div className={classes.frame} data-view={atList ? "list" : "page"}>
      {!atList && (
        // biome-ignore lint/a11y/useValidAnchor: it goes to a place in the page.
        <a className={classes.skip} href="#messages" onClick={skip}>
          {t.skipToMessages}
        </a>
      )}
      <Title />
      <Alerts />
      <div className={classes.sidebar}>
        <ConnectionNote />
        <Sidebar />
      </div>
      <div className={classes.page}>
        <Suspense fallback={<Waiting />}>
          <Routes>
            <Route path="/" element={<Welcome />} />
            <Route path="/user/:id" element={<ChatPage kind="user" />} />
            <Route path="/group/:id" element={<ChatPage kind="group" />} />
            <Route path="/settings" element={<SettingsPage />} />
            <Route path="/saved" element={<SavedPage />} />
            <Route path="*" element={<Navigate to="/" replace />} />
          </Routes>
        </Suspense>
      </div>
      <Call />
    </div>
  );
}

/** The fragment is the routes', so the browser can't do it. */
function skip(event: { preventDefault(): void }) {
  event.preventDefault();
  document.getElementById("messages")?.focus();
}

function Welcome() {
  return (
    <main className={classes.welcome}>
      <Nothing title={t.list.pick} hint={t.list.pickHint} icon={<IconMessages size={48} stroke={1.2} />} />
    </main>
  );
}

function Title() {
  const unread = useUnreadTotal();
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.appName}` : t.appName;
  }, [unread]);
  return null;
}

function ConnectionNote() {
  const connection = useConnection();
  return (
    <div role="status">
      {connection !== "online" && (
        <Alert
          radius={0}
          py={6}
          color="yellow"
          variant="light"
          className={classes.note}
          icon={<IconCloudOff size={16} />}
          data-connection={connection}
        >
          {connection === "offline" ? t.connection.offline : t.connection.connecting}
        </Alert>
      )}
    </div>
  );
}

function Call() {
  const call = useCall();
  if (!call) return null;
  return (
    <Suspense fallback={null}>
      <CallOverlay call={call} />
    </Suspense>
  );
}
