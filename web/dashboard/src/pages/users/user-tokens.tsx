import { Alert, Button, Code, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { AuthToken } from "../../api/types";
import { usePage } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Maybe, Time } from "../../ui/details";
import { Pager } from "../../ui/pager";
import { TokenShown } from "./new-user";

/** The tail tells tokens apart; the head is the uid. */
function tail(token: string): string {
  return `…${token.slice(-8)}`;
}

/** A user's auth tokens. `isBlind`: the operator may end them and not see them. */
export function AuthTokens({ uid, isBlind = false }: { uid: string; isBlind?: boolean }) {
  return (
    <>
      <Group mb="md">
        <NewToken uid={uid} />
        <SignOutAll uid={uid} />
      </Group>
      {isBlind ? (
        <Alert color="gray">Your role may end this user's tokens and not see them.</Alert>
      ) : (
        <List uid={uid} />
      )}
    </>
  );
}

function NewToken({ uid }: { uid: string }) {
  const { api, may } = useApp();
  const [token, setToken] = useState<string>();
  const params = { path: { uid } };
  const make = useAction(async () =>
    setToken((await answer(api.POST("/v3/users/{uid}/auth_tokens", { params, body: {} }))).data.authToken),
  );
  if (!may("tokens", "C")) return null;
  return (
    <>
      <Button leftSection={<IconPlus size={16} />} onClick={() => make.mutate()} loading={make.isPending}>
        New auth token
      </Button>
      <TokenShown token={token} onClose={() => setToken(undefined)} />
    </>
  );
}

function SignOutAll({ uid }: { uid: string }) {
  const { api, may } = useApp();
  if (!may("tokens", "D")) return null;
  return (
    <ConfirmButton
      label="Sign out everywhere"
      title="Sign this user out everywhere?"
      run={() => answer(api.DELETE("/v3/users/{uid}/auth_tokens", { params: { path: { uid } } }))}
      done="All tokens are ended"
    >
      All auth tokens of {uid} end at once, and open connections are closed. The user has to log in again.
    </ConfirmButton>
  );
}

function List({ uid }: { uid: string }) {
  const { api, key, may } = useApp();
  const query = usePage();
  const tokens = useQuery({
    queryKey: key("tokens", uid, query),
    queryFn: () => answer(api.GET("/v3/users/{uid}/auth_tokens", { params: { path: { uid }, query } })),
    placeholderData: keepPreviousData,
  });
  const end = (authToken: string) =>
    answer(api.DELETE("/v3/users/{uid}/auth_tokens/{authToken}", { params: { path: { uid, authToken } } }));
  return (
    <>
      <DataTable<AuthToken>
        caption="Auth tokens"
        query={tokens}
        rows={tokens.data?.data}
        rowKey={(row) => row.authToken}
        empty="The user has no auth token and is signed in nowhere."
        columns={[
          { key: "token", label: "Token", render: (row) => <Code>{tail(row.authToken)}</Code> },
          { key: "platform", label: "Platform", render: (row) => <Maybe of={row.platform} /> },
          { key: "agent", label: "Device", render: (row) => <Maybe of={row.userAgent ?? row.deviceId} /> },
          { key: "created", label: "Created", render: (row) => <Time seconds={row.createdAt} /> },
          may("tokens", "D") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => (
              <ConfirmButton
                size="xs"
                label="End"
                ariaLabel={`End the token ${tail(row.authToken)}`}
                title="End this token?"
                run={() => end(row.authToken)}
                done="The token is ended"
              >
                The device that uses {tail(row.authToken)} is signed out at once.
              </ConfirmButton>
            ),
          },
        ]}
      />
      <Pager pagination={tokens.data?.meta.pagination} of={["token"]} />
    </>
  );
}
