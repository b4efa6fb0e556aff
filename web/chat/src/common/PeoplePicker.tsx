import { MultiSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useChat } from "../model/chat";
import { usePages } from "../model/pages";
import type { Person } from "../model/types";
import { t } from "../strings";

/** Picks people by name, with the server's search. */
export function PeoplePicker({ value, change }: { value: string[]; change: (uids: string[]) => void }) {
  const chat = useChat();
  const [search, setSearch] = useState("");
  const [needle] = useDebouncedValue(search.trim(), 250);
  const pages = usePages<Person>(needle, () => chat.people(needle));
  // Who was picked stays in the list, whatever is searched for then.
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const data = useMemo(() => {
    const all = new Map(value.map((uid) => [uid, names.get(uid) ?? uid]));
    for (const person of pages.items) if (person.uid !== chat.me.uid) all.set(person.uid, person.name);
    return [...all].map(([uid, label]) => ({ value: uid, label }));
  }, [pages.items, value, names, chat.me.uid]);
  const pick = (uids: string[]) => {
    setNames(new Map(data.map((entry) => [entry.value, entry.label])));
    change(uids);
  };
  return (
    <MultiSelect
      label={t.newChat.addPeople}
      placeholder={value.length ? undefined : t.newChat.addPeopleHint}
      data={data}
      value={value}
      onChange={pick}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      maxValues={25}
      nothingFoundMessage={pages.loading ? t.loading : t.nothingFound}
      // The server has searched already, by name and by id.
      filter={({ options }) => options}
    />
  );
}
