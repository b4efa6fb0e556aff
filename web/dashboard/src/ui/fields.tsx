import { JsonInput, type JsonInputProps, TagsInput, type TagsInputProps, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useUrlState } from "../lib/url-state";

/** A search whose text stands in the address; it asks when typing pauses. */
export function SearchField({
  name = "q",
  label,
  placeholder,
}: {
  name?: string;
  label: string;
  placeholder?: string;
}) {
  const { get, set } = useUrlState();
  const inAddress = get(name);
  const [text, setText] = useState(inAddress);
  const ask = useDebouncedCallback((value: string) => set({ [name]: value.trim() }), 300);
  // The way back changes the address under the field.
  useEffect(() => setText(inAddress), [inAddress]);
  return (
    <TextInput
      type="search"
      label={label}
      placeholder={placeholder ?? ""}
      leftSection={<IconSearch size={16} />}
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value);
        ask(event.currentTarget.value);
      }}
    />
  );
}

/** A JSON object as text. */
export function JsonField(props: JsonInputProps) {
  return (
    <JsonInput
      formatOnBlur
      autosize
      minRows={4}
      maxRows={16}
      validationError="This is no valid JSON"
      spellCheck={false}
      styles={{
        input: {
          fontFamily: "var(--mantine-font-family-monospace)",
          fontSize: "var(--mantine-font-size-sm)",
        },
      }}
      {...props}
    />
  );
}

/** Labels; Enter or a comma ends one. */
export function TagsField(props: TagsInputProps) {
  return (
    <TagsInput
      description="At most 25; Enter adds one"
      maxTags={25}
      splitChars={[","]}
      clearable
      {...props}
    />
  );
}
