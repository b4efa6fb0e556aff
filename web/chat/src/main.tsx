import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./theme.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { takeInvitation } from "./login/invitation";
import { theme } from "./theme";

// Before the routes read the fragment, and gone from the address bar.
const invitation = takeInvitation();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    // Everything that these would write into <style> elements is in the style sheets: the content policy forbids those.
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <Notifications position="top-right" limit={3} />
      <App invitation={invitation} />
    </MantineProvider>,
  );
}
