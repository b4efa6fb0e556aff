import { TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import { idProblem } from "../../lib/ids";
import { ModalForm } from "../../ui/form";
import { bodyOf, EMPTY_GROUP, GroupFields, type GroupValues, groupRules } from "./group-fields";

type Values = GroupValues & { guid: string; owner: string };

/** Makes a group. */
export function NewGroup({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { api, path } = useApp();
  const navigate = useNavigate();
  const form = useForm<Values>({
    initialValues: { ...EMPTY_GROUP, guid: "", owner: "" },
    validate: {
      ...groupRules,
      guid: idProblem,
      owner: (owner: string) => (owner === "" ? null : idProblem(owner)),
      password: (password: string, values: Values) =>
        values.type === "password" && password === "" ? "A password is needed" : null,
    },
  });
  const create = async (values: Values) => {
    const body = { ...bodyOf(values), guid: values.guid, owner: values.owner || undefined };
    return (await answer(api.POST("/v3/groups", { body }))).data.guid;
  };
  return (
    <ModalForm
      title="New group"
      label="Create group"
      size="lg"
      isOpen={isOpen}
      onClose={onClose}
      form={form}
      run={create}
      done="The group is created"
      onDone={(guid) => navigate(path(`/groups/${guid}`))}
    >
      <TextInput
        label="guid"
        description="The group's id; kept in lower case, never changed"
        required
        data-autofocus
        {...form.getInputProps("guid")}
      />
      <TextInput
        label="Owner"
        description="The uid of a user; without one it is the app's"
        {...form.getInputProps("owner")}
      />
      {/* The form holds all fields of a group and two more. */}
      <GroupFields form={form as never} />
    </ModalForm>
  );
}
