import { Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation } from "react-router";
import { sessionQuery } from "../api/session";
import { FaultNote } from "../ui/fault-note";
import { Shell } from "./shell";

/** Lets in who is signed in; others come to the log-in form, and from there to where they wanted to go. */
export function Gate() {
  const session = useQuery(sessionQuery);
  const { pathname, search } = useLocation();
  if (session.isPending) {
    return (
      <Center mih="100vh" role="status" aria-label="Loading">
        <Loader />
      </Center>
    );
  }
  if (session.error) {
    return (
      <Center component="main" mih="100vh" p="md">
        <FaultNote error={session.error} onRetry={session.refetch} />
      </Center>
    );
  }
  if (!session.data) {
    const from = `${pathname}${search}`;
    return <Navigate to={from === "/apps" ? "/login" : `/login?from=${encodeURIComponent(from)}`} replace />;
  }
  return (
    <Shell>
      <Outlet />
    </Shell>
  );
}
