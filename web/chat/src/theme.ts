import { createTheme, Menu, Modal, Notification, Popover, Tooltip } from "@mantine/core";
import { t } from "./strings";

/** The colours of it stand in theme.css as well: no style is made at run time. */
export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 8 },
  respectReducedMotion: true,
  components: {
    // The page itself never scrolls, and the lock would write a style element.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, closeButtonProps: { "aria-label": t.close } } }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { "aria-label": t.close } } }),
    Menu: Menu.extend({
      defaultProps: { withinPortal: true, shadow: "md", withInitialFocusPlaceholder: false },
    }),
    Popover: Popover.extend({ defaultProps: { withinPortal: true, shadow: "md" } }),
    Tooltip: Tooltip.extend({ defaultProps: { events: { hover: true, focus: false, touch: false } } }),
  },
});
