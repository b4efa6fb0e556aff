import { notify } from "../common/notify";
import { t } from "../strings";

export function messageOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : t.somethingFailed;
}

export function showError(error: unknown): void {
  notify({ color: "red", title: t.somethingFailed, message: messageOf(error) });
}

/** Runs something whose failure the user has to hear of; answers whether it worked. */
export async function tell(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    showError(error);
    return false;
  }
}
