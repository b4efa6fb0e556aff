/** Changes: what was done is told, what failed is told, and what is shown is read anew. */

import { notifications } from "@mantine/notifications";
import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { faultText } from "./fault";

type Told<A, T> = {
  /** What to say when it is done; nothing without it. */
  done?: string | ((input: A, result: T) => string);
  /** Errors are shown by the caller, beside what was filled in. */
  showsErrors?: boolean;
};

/** A change by the API. Afterwards everything that a page shows of the server is read again. */
export function useAction<T, A = void>(
  run: (input: A) => Promise<T>,
  { done, showsErrors = false }: Told<A, T> = {},
): UseMutationResult<T, Error, A> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (result, input) => {
      if (done) tell(typeof done === "string" ? done : done(input, result));
    },
    onError: (error) => {
      if (!showsErrors) tellFault(error);
    },
    // After an error, too: of a call about several things a part may be done.
    onSettled: () => queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" }),
  });
}

/** A short note that something is done. */
export function tell(message: string): void {
  notifications.show({ message, color: "green" });
}

/** An error that has no other place on the page; it stays until it is closed. */
export function tellFault(error: unknown): void {
  notifications.show({
    title: "That did not work",
    message: faultText(error),
    color: "red",
    autoClose: false,
  });
}
