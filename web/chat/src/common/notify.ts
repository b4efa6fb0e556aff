import type { NotificationData } from "@mantine/notifications";

/** Shows a notice at the edge of the page. What draws them is loaded with the first one. */
export function notify(notice: NotificationData): void {
  import("./Notices").then(({ notifications }) => notifications.show(notice));
}

export function unnotify(id: string): void {
  import("./Notices").then(({ notifications }) => notifications.hide(id));
}
