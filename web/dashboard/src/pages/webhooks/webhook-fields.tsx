import { PasswordInput, Switch, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { Webhook } from "../../api/types";

/** What of a webhook can be set, as a form holds it. */
export type WebhookValues = {
  name: string;
  webhookURL: string;
  enabled: boolean;
  retryOnFailure: boolean;
  useBasicAuth: boolean;
  username: string;
  password: string;
};

export const EMPTY_WEBHOOK: WebhookValues = {
  name: "",
  webhookURL: "",
  enabled: true,
  retryOnFailure: true,
  useBasicAuth: false,
  username: "",
  password: "",
};

export const webhookRules = {
  name: (name: string) => (name.trim() === "" || name.length > 50 ? "1 to 50 characters" : null),
  webhookURL: (url: string) =>
    /^https?:\/\/\S+$/i.test(url) && url.length <= 255
      ? null
      : "An http or https address, at most 255 characters",
  username: (username: string, values: WebhookValues) => {
    if (values.useBasicAuth && username === "") return "A name is needed";
    return /^[^\s:]*$/.test(username) ? null : "No blanks and no colon";
  },
};

/** The form of a webhook that is there; nobody is told its password. */
export function valuesOf(webhook: Webhook): WebhookValues {
  const { name, webhookURL, enabled, retryOnFailure, useBasicAuth, username } = webhook;
  return { name, webhookURL, enabled, retryOnFailure, useBasicAuth, username, password: "" };
}

/** A form as the body of a call; an empty password leaves the old one. */
export function bodyOf(values: WebhookValues) {
  const { password, username, ...rest } = values;
  return {
    ...rest,
    name: values.name.trim(),
    ...(values.useBasicAuth ? { username, ...(password === "" ? {} : { password }) } : {}),
  };
}

/** The fields of a webhook. */
export function WebhookFields({
  form,
  readOnly = false,
}: {
  form: UseFormReturnType<WebhookValues>;
  readOnly?: boolean;
}) {
  return (
    <>
      <TextInput label="Name" required readOnly={readOnly} {...form.getInputProps("name")} />
      <TextInput
        label="Address"
        type="url"
        required
        readOnly={readOnly}
        {...form.getInputProps("webhookURL")}
      />
      <Switch label="Enabled" disabled={readOnly} {...form.getInputProps("enabled", { type: "checkbox" })} />
      <Switch
        label="Call again after a failure"
        disabled={readOnly}
        {...form.getInputProps("retryOnFailure", { type: "checkbox" })}
      />
      <Switch
        label="With a name and password (HTTP Basic)"
        disabled={readOnly}
        {...form.getInputProps("useBasicAuth", { type: "checkbox" })}
      />
      {form.values.useBasicAuth && (
        <>
          <TextInput
            label="Name to call with"
            autoComplete="off"
            readOnly={readOnly}
            {...form.getInputProps("username")}
          />
          <PasswordInput
            label="Password to call with"
            description="It is not shown again; empty leaves the old one"
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
            readOnly={readOnly}
            {...form.getInputProps("password")}
          />
        </>
      )}
    </>
  );
}
