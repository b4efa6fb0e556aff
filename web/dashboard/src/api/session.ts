/** Who is signed in. */

import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { bareAnswer, management, setCsrfToken } from "./client";
import { ApiFault } from "./fault";
import type { OperatorRole } from "./rights";

export type Operator = { id: string; email: string; name: string; role: OperatorRole; createdAt: number };

const SESSION = ["session"];

/** The operator of this browser; null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: SESSION,
  queryFn: async (): Promise<Operator | null> => {
    try {
      const { data } = await bareAnswer(management.GET("/v3/operators/sessions/current"));
      setCsrfToken(data.csrfToken);
      return data.operator;
    } catch (error) {
      if (error instanceof ApiFault && error.isSignedOut) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  retry: false,
});

/** The signed-in operator; only below the gate that asks for one. */
export function useOperator(): Operator {
  const { data } = useSuspenseQuery(sessionQuery);
  if (!data) throw new Error("Nobody is signed in");
  return data;
}

/** Signing in and out. */
export function useSigning() {
  const queries = useQueryClient();
  const signIn = useCallback(
    async (credentials: { email: string; password: string }) => {
      const { data } = await bareAnswer(management.POST("/v3/operators/sessions", { body: credentials }));
      setCsrfToken(data.csrfToken);
      queries.setQueryData(SESSION, data.operator);
    },
    [queries],
  );
  /** Forgets everything that was shown: the next person at this browser sees none of it. */
  const forget = useCallback(() => {
    setCsrfToken("");
    // The session's own query stays: who waits for it would wait for ever.
    queries.setQueryData(SESSION, null);
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION[0] });
  }, [queries]);
  const signOut = useCallback(async () => {
    try {
      await bareAnswer(management.DELETE("/v3/operators/sessions/current"));
    } catch (error) {
      // A session that is over already is what was asked for.
      if (!(error instanceof ApiFault && error.isSignedOut)) throw error;
    }
    forget();
  }, [forget]);
  const ask = useCallback(() => void queries.invalidateQueries(sessionQuery), [queries]);
  return { signIn, signOut, forget, ask };
}
