import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

export { notifications } from "@mantine/notifications";

/** Where notices are shown. */
export default function Notices() {
  return <Notifications position="top-right" limit={3} />;
}
