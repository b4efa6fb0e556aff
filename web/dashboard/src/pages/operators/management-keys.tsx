import { Code } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, management } from "../../api/client";
import type { ManagementKey } from "../../api/types";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";

/** An operator has few; who has more sees the newest. */
const SHOWN = 100;

/** The management keys of an operator, with which programs do what the operator may. */
export function ManagementKeys({ operatorId }: { operatorId: string }) {
  const keys = useQuery({
    queryKey: ["operators", operatorId, "keys"],
    queryFn: () => {
      const params = { path: { operatorId }, query: { perPage: SHOWN } };
      return answer(management.GET("/v3/operators/{operatorId}/keys", { params }));
    },
  });
  const revoke = (managementKey: string) => {
    const params = { path: { operatorId, managementKey } };
    return answer(management.DELETE("/v3/operators/{operatorId}/keys/{managementKey}", { params }));
  };
  return (
    <DataTable<ManagementKey>
      caption="Management keys"
      query={keys}
      rows={keys.data?.data}
      rowKey={(row) => row.key}
      empty="No management keys."
      columns={[
        { key: "key", label: "Key", render: (row) => <Code>{`${row.key.slice(0, 12)}…`}</Code> },
        { key: "created", label: "Created", render: (row) => <Time seconds={row.createdAt} /> },
        {
          key: "actions",
          label: "Actions",
          isActions: true,
          render: (row) => (
            <ConfirmButton
              size="xs"
              label="Revoke"
              ariaLabel={`Revoke the key ${row.key.slice(0, 12)}`}
              title="Revoke this management key?"
              run={() => revoke(row.key)}
              done="The management key is revoked"
            >
              Programs that use it are refused at once. This can't be undone.
            </ConfirmButton>
          ),
        },
      ]}
    />
  );
}
