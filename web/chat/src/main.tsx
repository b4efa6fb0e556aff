import "@mantine/core/styles.css";
import "./theme.css";
import { MantineProvider } from "@mantine/core";
import { lazy, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { takeInvitation } from "./login/invitation";
import { theme } from "./theme";

const Notices = lazy(() => import("./common/Notices"));

// Before the routes read the fragment, and gone from the address bar.
const invitation = takeInvitation();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    // Everything that these would write into <style> elements is in the style sheets: the content policy forbids those.
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <Suspense fallback={null}>
        <Notices />
      </Suspense>
      <App invitation={invitation} />
    </MantineProvider>,
  );
}
