/** How a mention stands in a text: `<@uid:UID>`. The name is looked up in what was suggested. */
export function mentionMarkup(names: ReadonlyMap<string, string>) {
  const pattern = /<@uid:([\w-]{1,100})>/g;
  return {
    id: "uid",
    insert: ({ id }: { id: string | number }) => `<@uid:${id}>`,
    findAll: (value: string) =>
      [...value.matchAll(pattern)].map((match) => {
        const id = match[1] ?? "";
        return { markup: match[0], index: match.index, id, display: names.get(id) ?? id };
      }),
  };
}
