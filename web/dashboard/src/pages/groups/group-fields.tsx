import { NativeSelect, PasswordInput, Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { Group } from "../../api/types";
import { formatJson, objectProblem, parseObject } from "../../lib/format";
import { nameProblem, urlProblem } from "../../lib/ids";
import { JsonField, TagsField } from "../../ui/fields";

/** What of a group can be set, as a form holds it. */
export type GroupValues = {
  name: string;
  type: "public" | "password" | "private";
  password: string;
  icon: string;
  description: string;
  tags: string[];
  metadata: string;
};

export const EMPTY_GROUP: GroupValues = {
  name: "",
  type: "public",
  password: "",
  icon: "",
  description: "",
  tags: [],
  metadata: "",
};

export const groupRules = { name: nameProblem, icon: urlProblem, metadata: objectProblem };

/** The form of a group that is there; nobody is told its password. */
export function valuesOf(group: Group): GroupValues {
  return {
    name: group.name,
    type: group.type,
    password: "",
    icon: group.icon ?? "",
    description: group.description ?? "",
    tags: group.tags ?? [],
    metadata: group.metadata ? formatJson(group.metadata) : "",
  };
}

const OPTIONAL = ["icon", "description", "metadata"] as const;

/** A form as the body of a call. `unset` names what the group had and shall not have any more. */
export function bodyOf(values: GroupValues, had?: Group) {
  const given = {
    name: values.name.trim(),
    type: values.type,
    password: values.type === "password" && values.password !== "" ? values.password : undefined,
    icon: values.icon || undefined,
    description: values.description || undefined,
    tags: values.tags,
    metadata: parseObject(values.metadata),
  };
  const unset = OPTIONAL.filter((field) => had?.[field] !== undefined && given[field] === undefined);
  return unset.length === 0 ? given : { ...given, unset };
}

const TYPES = [
  { value: "public", label: "Public: everybody can join" },
  { value: "password", label: "Password: who knows it can join" },
  { value: "private", label: "Private: one is added" },
];

/** The fields of a group. */
export function GroupFields({
  form,
  readOnly = false,
}: {
  form: UseFormReturnType<GroupValues>;
  readOnly?: boolean;
}) {
  return (
    <>
      <TextInput label="Name" required readOnly={readOnly} {...form.getInputProps("name")} />
      <NativeSelect label="Type" data={TYPES} disabled={readOnly} {...form.getInputProps("type")} />
      {form.values.type === "password" && (
        <PasswordInput
          label="Password"
          description="Of a group that has one, empty leaves it as it is"
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
          readOnly={readOnly}
          {...form.getInputProps("password")}
        />
      )}
      <Textarea
        label="Description"
        maxLength={255}
        autosize
        readOnly={readOnly}
        {...form.getInputProps("description")}
      />
      <TagsField label="Tags" readOnly={readOnly} {...form.getInputProps("tags")} />
      <TextInput label="Icon" description="Its address" readOnly={readOnly} {...form.getInputProps("icon")} />
      <JsonField
        label="Metadata"
        description="Any JSON object of your app"
        readOnly={readOnly}
        {...form.getInputProps("metadata")}
      />
    </>
  );
}
