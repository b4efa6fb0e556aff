import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useUrlState } from "../lib/url-state";

export type Tab = { value: string; label: string; content: ReactNode };

/** Tabs whose choice stands in the address. */
export function RouteTabs({ tabs, label }: { tabs: (Tab | false)[]; label: string }) {
  const { get, set } = useUrlState();
  const shown = tabs.filter((tab) => tab !== false);
  const first = shown[0];
  if (!first) return null;
  const value = shown.some((tab) => tab.value === get("tab")) ? get("tab") : first.value;
  const choose = (chosen: string | null) => set({ tab: chosen === first.value ? "" : (chosen ?? ""), q: "" });
  return (
    <Tabs value={value} onChange={choose} keepMounted={false}>
      <Tabs.List mb="lg" aria-label={label}>
        {shown.map((tab) => (
          <Tabs.Tab key={tab.value} value={tab.value}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {shown.map((tab) => (
        <Tabs.Panel key={tab.value} value={tab.value}>
          {tab.content}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
