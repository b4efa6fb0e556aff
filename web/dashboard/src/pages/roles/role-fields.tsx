import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { Role } from "../../api/types";
import { formatJson, objectProblem, parseObject } from "../../lib/format";
import { nameProblem } from "../../lib/ids";
import { JsonField } from "../../ui/fields";

type Reach = "all" | "friendsOnly";

/** What of a role can be set, as a form holds it. */
export type RoleValues = {
  name: string;
  description: string;
  listUsers: Reach;
  sendMessagesTo: Reach;
  metadata: string;
};

export const EMPTY_ROLE: RoleValues = {
  name: "",
  description: "",
  listUsers: "all",
  sendMessagesTo: "all",
  metadata: "",
};

export const roleRules = { name: nameProblem, metadata: objectProblem };

/** The form of a role that is there. */
export function valuesOf(role: Role): RoleValues {
  return {
    name: role.name,
    description: role.description ?? "",
    listUsers: role.settings?.listUsers ?? "all",
    sendMessagesTo: role.settings?.sendMessagesTo ?? "all",
    metadata: role.metadata ? formatJson(role.metadata) : "",
  };
}

const OPTIONAL = ["description", "metadata"] as const;

/** A form as the body of a call. `unset` names what the role had and shall not have any more. */
export function bodyOf(values: RoleValues, had?: Role) {
  const given = {
    name: values.name.trim(),
    description: values.description || undefined,
    settings: { listUsers: values.listUsers, sendMessagesTo: values.sendMessagesTo },
    metadata: parseObject(values.metadata),
  };
  const unset = OPTIONAL.filter((field) => had?.[field] !== undefined && given[field] === undefined);
  return unset.length === 0 ? given : { ...given, unset };
}

const REACH = [
  { value: "all", label: "Everybody" },
  { value: "friendsOnly", label: "Friends only" },
];

/** The fields of a role. */
export function RoleFields({
  form,
  readOnly = false,
}: {
  form: UseFormReturnType<RoleValues>;
  readOnly?: boolean;
}) {
  return (
    <>
      <TextInput label="Name" required readOnly={readOnly} {...form.getInputProps("name")} />
      <Textarea
        label="Description"
        maxLength={255}
        autosize
        readOnly={readOnly}
        {...form.getInputProps("description")}
      />
      <NativeSelect
        label="Its users see listed"
        data={REACH}
        disabled={readOnly}
        {...form.getInputProps("listUsers")}
      />
      <NativeSelect
        label="Its users send to"
        data={REACH}
        disabled={readOnly}
        {...form.getInputProps("sendMessagesTo")}
      />
      <JsonField
        label="Metadata"
        description="Any JSON object of your app"
        readOnly={readOnly}
        {...form.getInputProps("metadata")}
      />
    </>
  );
}
