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
  // The way back changes the address under the field. What is asked for has no blank at its end, but a next word may follow.
  useEffect(() => setText((typed) => (typed.trim() === inAddress ? typed : inAddress)), [inAddress]);
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

type TypedFilterProps = {
  name: string;
  label: string;
  placeholder?: string;
  /** Filters that can't be asked for together with this one. */
  clears?: string[];
};

/** A filter whose text stands in the address; it is taken when one leaves the field or presses Enter. */
export function TypedFilter({ name, label, placeholder, clears = [] }: TypedFilterProps) {
  const { get, set } = useUrlState();
  const inAddress = get(name);
  const [text, setText] = useState(inAddress);
  useEffect(() => setText(inAddress), [inAddress]);
  const take = () => {
    const value = text.trim();
    // Nothing new: the page of the list stays.
    if (value === inAddress) return;
    const cleared = value === "" ? [] : clears.map((other) => [other, ""] as const);
    set({ ...Object.fromEntries(cleared), [name]: value });
  };
  return (
    <TextInput
      label={label}
      placeholder={placeholder ?? ""}
      value={text}
      spellCheck={false}
      autoCapitalize="off"
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => event.key === "Enter" && take()}
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
