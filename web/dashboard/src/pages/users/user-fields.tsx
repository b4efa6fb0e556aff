import { Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { User } from "../../api/types";
import { formatJson, objectProblem, parseObject } from "../../lib/format";
import { nameProblem, urlProblem } from "../../lib/ids";
import { JsonField, TagsField } from "../../ui/fields";

/** What of a user can be set, as a form holds it. */
export type UserValues = {
  name: string;
  role: string;
  avatar: string;
  link: string;
  statusMessage: string;
  tags: string[];
  metadata: string;
};

export const EMPTY_USER: UserValues = {
  name: "",
  role: "",
  avatar: "",
  link: "",
  statusMessage: "",
  tags: [],
  metadata: "",
};

export const userRules = { name: nameProblem, avatar: urlProblem, link: urlProblem, metadata: objectProblem };

/** The form of a user that is there. */
export function valuesOf(user: User): UserValues {
  return {
    name: user.name,
    role: user.role,
    avatar: user.avatar ?? "",
    link: user.link ?? "",
    statusMessage: user.statusMessage ?? "",
    tags: user.tags ?? [],
    metadata: user.metadata ? formatJson(user.metadata) : "",
  };
}

const OPTIONAL = ["avatar", "link", "metadata"] as const;

/** A form as the body of a call. `unset` names what the user had and shall not have any more. */
export function bodyOf(values: UserValues, had?: User) {
  const given = {
    name: values.name.trim(),
    role: values.role.trim() || undefined,
    avatar: values.avatar || undefined,
    link: values.link || undefined,
    // An empty one takes the old one away.
    statusMessage: values.statusMessage === (had?.statusMessage ?? "") ? undefined : values.statusMessage,
    tags: values.tags,
    metadata: parseObject(values.metadata),
  };
  const unset = OPTIONAL.filter((field) => had?.[field] !== undefined && given[field] === undefined);
  return unset.length === 0 ? given : { ...given, unset };
}

/** The fields of a user. */
export function UserFields({
  form,
  readOnly = false,
}: {
  form: UseFormReturnType<UserValues>;
  readOnly?: boolean;
}) {
  return (
    <>
      <TextInput label="Name" required readOnly={readOnly} {...form.getInputProps("name")} />
      <TextInput
        label="Role"
        description="The id of a role; empty is the default one"
        readOnly={readOnly}
        {...form.getInputProps("role")}
      />
      <TagsField label="Tags" readOnly={readOnly} {...form.getInputProps("tags")} />
      <TextInput
        label="Picture"
        description="Its address"
        readOnly={readOnly}
        {...form.getInputProps("avatar")}
      />
      <TextInput
        label="Page"
        description="Address of a page about the user"
        readOnly={readOnly}
        {...form.getInputProps("link")}
      />
      <Textarea
        label="Status message"
        maxLength={255}
        autosize
        readOnly={readOnly}
        {...form.getInputProps("statusMessage")}
      />
      <JsonField
        label="Metadata"
        description="Any JSON object of your app; its key @private is shown to your server only"
        readOnly={readOnly}
        {...form.getInputProps("metadata")}
      />
    </>
  );
}
