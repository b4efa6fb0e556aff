import { Anchor, Button } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconMessages } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import { ApiFault } from "../../api/fault";
import type { User } from "../../api/types";
import { JsonModal } from "../../ui/code";
import { ConfirmButton } from "../../ui/confirm-button";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import { PageForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { RouteTabs } from "../../ui/route-tabs";
import { UserData } from "./user-data";
import { bodyOf, UserFields, userRules, valuesOf } from "./user-fields";
import { Blocked, Friends } from "./user-people";
import { AuthTokens } from "./user-tokens";
import { UserState } from "./users";

/** The user of the page. A deactivated one is shown by the list alone. */
function useUser(uid: string) {
  const { api, key } = useApp();
  return useQuery({
    queryKey: key("user", uid),
    queryFn: async (): Promise<User> => {
      const query = { uids: [uid], withDeactivated: "true" as const, withTags: "true" as const };
      const page = (await answer(api.GET("/v3/users", { params: { query } }))) as { data: User[] };
      const user = page.data[0];
      if (!user) throw new ApiFault("ERR_UID_NOT_FOUND", `There is no user ${uid} in this app.`, 404);
      return user;
    },
  });
}

/** One user. */
export function UserPage() {
  const { uid = "" } = useParams();
  const { path, may } = useApp();
  const user = useUser(uid.toLowerCase());
  const [raw, setRaw] = useState<User>();
  if (!user.data) {
    return (
      <Page title={uid}>
        {user.error ? (
          <FaultNote error={user.error} onRetry={user.refetch} />
        ) : (
          <p role="status">Loading the user…</p>
        )}
      </Page>
    );
  }
  const { data } = user;
  return (
    <Page
      title={data.name}
      about={<UserState user={data} />}
      actions={
        <>
          <Button
            variant="default"
            component={Link}
            to={path(`/messages?user=${data.uid}`)}
            leftSection={<IconMessages size={16} />}
          >
            Messages
          </Button>
          <Button variant="default" onClick={() => setRaw(data)}>
            Raw JSON
          </Button>
          <Activity user={data} />
        </>
      }
    >
      <RouteTabs
        label="About the user"
        tabs={[
          { value: "profile", label: "Profile", content: <Profile key={data.updatedAt} user={data} /> },
          may("tokens", "R") && {
            value: "tokens",
            label: "Auth tokens",
            content: <AuthTokens uid={data.uid} />,
          },
          may("tokens", "D") &&
            !may("tokens", "R") && {
              value: "tokens",
              label: "Auth tokens",
              content: <AuthTokens uid={data.uid} isBlind />,
            },
          { value: "friends", label: "Friends", content: <Friends uid={data.uid} /> },
          { value: "blocked", label: "Blocked", content: <Blocked uid={data.uid} /> },
          { value: "data", label: "Data", content: <UserData user={data} /> },
        ]}
      />
      <JsonModal value={raw} title={`User ${data.uid}`} onClose={() => setRaw(undefined)} />
    </Page>
  );
}

/** Deactivates, or the reverse. */
function Activity({ user }: { user: User }) {
  const { api, may } = useApp();
  const { uid } = user;
  const wake = useAction(() => answer(api.PUT("/v3/users", { body: { uidsToActivate: [uid] } })), {
    done: "The user is active again",
  });
  if (user.deactivatedAt) {
    if (!may("users", "C")) return null;
    return (
      <Button onClick={() => wake.mutate()} loading={wake.isPending}>
        Reactivate
      </Button>
    );
  }
  if (!may("users", "D")) return null;
  return (
    <ConfirmButton
      label="Deactivate"
      color="yellow"
      title={`Deactivate ${user.name}?`}
      run={() => answer(api.DELETE("/v3/users", { body: { uidsToDeactivate: [uid] } }))}
      done="The user is deactivated"
    >
      The user is signed out everywhere and can't log in; others don't find the user any more. Nothing is
      deleted, and “Reactivate” undoes it.
    </ConfirmButton>
  );
}

function Profile({ user }: { user: User }) {
  const { api, may, path } = useApp();
  const form = useForm({ initialValues: valuesOf(user), validate: userRules });
  const { uid } = user;
  const isReadOnly = !may("users", "C") || user.deactivatedAt !== undefined;
  return (
    <>
      <Details
        rows={[
          ["uid", uid],
          [
            "Role",
            <Anchor key="role" component={Link} to={path(`/roles/${user.role}`)}>
              {user.role}
            </Anchor>,
          ],
          ["Created", <Time key="created" seconds={user.createdAt} />],
          ["Changed", user.updatedAt && <Time key="changed" seconds={user.updatedAt} />],
          ["Last online", user.lastActiveAt && <Time key="online" seconds={user.lastActiveAt} />],
          ["Deactivated", user.deactivatedAt && <Time key="off" seconds={user.deactivatedAt} />],
        ]}
      />
      <PageForm
        form={form}
        label="Save"
        isDisabled={isReadOnly}
        run={(values) =>
          answer(api.PUT("/v3/users/{uid}", { params: { path: { uid } }, body: bodyOf(values, user) }))
        }
        done="The user is saved"
      >
        <UserFields form={form} readOnly={isReadOnly} />
      </PageForm>
    </>
  );
}
