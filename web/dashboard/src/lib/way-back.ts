/** Where one wanted to go before the log-in: a path of this page only. */
export function wayBack(from: string | null): string {
  return from?.startsWith("/") && !from.startsWith("//") && !from.startsWith("/\\") ? from : "/apps";
}
