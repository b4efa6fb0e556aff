import { Center, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { HashRouter } from "react-router";
import type { Invitation } from "../login/invitation";
import { useSession } from "../model/session";
import { t } from "../strings";

/** Who has to log in first does not wait for the whole app, and who is logged in not for the form. */
const Login = lazy(() => import("../login/Login"));
const Shell = lazy(() => import("./Shell"));

function Splash() {
  return (
    <Center h="100%" component="main" aria-busy="true">
      <Loader aria-label={t.loading} />
    </Center>
  );
}

export function App({ invitation }: { invitation: Invitation | null }) {
  const session = useSession();
  if (session.state === "resuming") return <Splash />;
  if (session.state === "out") {
    return (
      <Suspense fallback={<Splash />}>
        <Login invitation={invitation} expired={session.expired} login={session.login} />
      </Suspense>
    );
  }
  return (
    <Suspense fallback={<Splash />}>
      <HashRouter>
        <Shell client={session.client} />
      </HashRouter>
    </Suspense>
  );
}
