import { Anchor, createTheme, Drawer, Menu, Modal, Notification, Select } from "@mantine/core";

const CLOSE = { "aria-label": "Close" };

/** Colours are in theme.css: the server's policy allows no styles that a script writes into the page. */
export const theme = createTheme({
  primaryColor: "indigo",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Anchor: Anchor.extend({ defaultProps: { inherit: true } }),
    // The library would lock the page's scrolling by an injected style; theme.css does it.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, closeButtonProps: CLOSE } }),
    Drawer: Drawer.extend({ defaultProps: { lockScroll: false, closeButtonProps: CLOSE } }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: CLOSE } }),
    // The placeholder would be a child of the menu that is no item of it.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    // A page has one banner, and it is not the head of a window.
    ModalHeader: { defaultProps: { component: "div" } },
    DrawerHeader: { defaultProps: { component: "div" } },
    Select: Select.extend({ defaultProps: { allowDeselect: false } }),
  },
});
