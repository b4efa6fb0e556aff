import { Button, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { User } from "../../api/types";
import { idProblem } from "../../lib/ids";
import { useUrlFlag } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { UserName } from "./users";

/** The users in whose name the server speaks. An app has at most 25, so there are no pages. */
export function Bots() {
  const { api, key, may, path } = useApp();
  const [isMaking, making] = useUrlFlag("new");
  const bots = useQuery({ queryKey: key("bots"), queryFn: () => answer(api.GET("/v3/bots")) });
  const form = useForm({ initialValues: { uid: "" }, validate: { uid: idProblem } });
  const end = (uid: string) => answer(api.DELETE("/v3/bots/{uid}", { params: { path: { uid } } }));
  return (
    <Page
      title="Bots"
      about="Users in whose name your server sends. An app has at most 25."
      actions={
        may("bots", "C") && (
          <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
            New bot
          </Button>
        )
      }
    >
      <DataTable<User>
        caption="Bots"
        query={bots}
        rows={bots.data?.data}
        rowKey={(bot) => bot.uid}
        empty="There is no bot."
        columns={[
          {
            key: "name",
            label: "Name",
            render: (bot) => <UserName user={bot} to={path(`/users/${bot.uid}`)} />,
          },
          { key: "uid", label: "uid", render: (bot) => bot.uid },
          { key: "created", label: "Created", render: (bot) => <Time seconds={bot.createdAt} /> },
          may("bots", "D") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (bot) => (
              <ConfirmButton
                size="xs"
                label="End"
                ariaLabel={`End the bot ${bot.name}`}
                title={`Is ${bot.name} no bot any more?`}
                run={() => end(bot.uid)}
                done="The bot is ended"
              >
                The user {bot.uid} stays; your server can't send as its bot any more.
              </ConfirmButton>
            ),
          },
        ]}
      />
      <ModalForm
        title="New bot"
        label="Make it a bot"
        isOpen={isMaking}
        onClose={making.close}
        form={form}
        run={(body) => answer(api.POST("/v3/bots", { body }))}
        done="The bot is ready"
      >
        <TextInput
          label="uid"
          description="Of a user who is there"
          required
          data-autofocus
          {...form.getInputProps("uid")}
        />
      </ModalForm>
    </Page>
  );
}
