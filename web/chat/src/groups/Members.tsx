import { Badge, Menu, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconDots, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useConfirm } from "../common/confirm";
import { IconButton } from "../common/IconButton";
import { PageList } from "../common/PageList";
import { PersonRow } from "../common/PersonRow";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { usePages } from "../model/pages";
import type { Rights } from "../model/rights";
import type { Group, Member } from "../model/types";
import { t } from "../strings";

interface Props {
  group: Group;
  rights: Rights;
  changed: () => void;
}

export function Members({ group, rights, changed }: Props) {
  const chat = useChat();
  const [search, setSearch] = useState("");
  const [needle] = useDebouncedValue(search.trim(), 250);
  // The number of members and the own scope tell that the list is another one.
  const key = `${group.guid}/${group.membersCount}/${group.scope}/${group.owner}/${needle}`;
  const pages = usePages<Member>(key, () => chat.members(group.guid, needle));
  const [question, ask] = useConfirm();
  const refresh = () => {
    pages.reload();
    changed();
  };
  return (
    <>
      <TextInput
        type="search"
        size="xs"
        aria-label={t.group.searchMembers}
        placeholder={t.group.searchMembers}
        leftSection={<IconSearch size={14} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        mb="xs"
      />
      <PageList pages={pages} label={t.group.members} empty={t.nothingFound} keyOf={(member) => member.uid}>
        {(member) => (
          <PersonRow name={member.name} avatar={member.avatar} online={member.online} line={member.uid}>
            {(member.uid === group.owner || member.scope !== "participant") && (
              <Badge size="xs" variant="light">
                {member.uid === group.owner ? t.group.scope.owner : t.group.scope[member.scope]}
              </Badge>
            )}
            <MemberMenu group={group} member={member} rights={rights} ask={ask} changed={refresh} />
          </PersonRow>
        )}
      </PageList>
      {question}
    </>
  );
}

interface MenuProps extends Props {
  member: Member;
  ask: ReturnType<typeof useConfirm>[1];
}

function MemberMenu({ group, member, rights, ask, changed }: MenuProps) {
  const chat = useChat();
  const { guid } = group;
  const { uid, name } = member;
  const scopes = rights.scopesFor(member);
  const removable = rights.remove(member);
  const transferable = rights.transferTo(member);
  if (scopes.length === 0 && !removable && !transferable) return null;
  const run = async (work: Promise<unknown>) => {
    if (await tell(work)) changed();
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <IconButton label={t.group.memberMenu(name)} size="sm">
          <IconDots size={16} />
        </IconButton>
      </Menu.Target>
      <Menu.Dropdown>
        {scopes.map((scope) => (
          <Menu.Item key={scope} onClick={() => run(chat.setScope(guid, uid, scope))}>
            {t.group.makeScope[scope]}
          </Menu.Item>
        ))}
        {transferable && (
          <Menu.Item
            onClick={() =>
              ask({
                title: t.group.transfer,
                text: t.group.transferConfirm(name),
                act: () => chat.transfer(guid, uid),
                after: changed,
              })
            }
          >
            {t.group.transfer}
          </Menu.Item>
        )}
        {removable && (
          <>
            <Menu.Divider />
            <Menu.Item
              color="red"
              onClick={() =>
                ask({
                  title: t.group.kick,
                  text: t.group.kickConfirm(name),
                  act: () => chat.kick(guid, uid),
                  after: changed,
                })
              }
            >
              {t.group.kick}
            </Menu.Item>
            <Menu.Item
              color="red"
              onClick={() =>
                ask({
                  title: t.group.ban,
                  text: t.group.banConfirm(name),
                  act: () => chat.ban(guid, uid),
                  after: changed,
                })
              }
            >
              {t.group.ban}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
