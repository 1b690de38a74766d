import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

export interface Tab {
  id: string;
  label: string;
  content: ReactNode;
}

/** One of several views of the same thing; a select on narrow screens. Which one is open belongs in the address. */
export function Tabs({
  label,
  tabs,
  open: asked,
  onOpen,
}: {
  label: string;
  tabs: readonly Tab[];
  open: string;
  onOpen: (id: string) => void;
}) {
  // An address may be old, or mistyped.
  const open = (tabs.find(({ id }) => id === asked) ?? tabs[0])?.id ?? '';
  return (
    <Radix.Root value={open} onValueChange={onOpen}>
      <select
        aria-label={label}
        value={open}
        onChange={(event) => onOpen(event.target.value)}
        className="mb-4 min-h-8 w-full rounded-control border border-control bg-surface px-2 sm:hidden"
      >
        {tabs.map((tab) => (
          <option key={tab.id} value={tab.id}>
            {tab.label}
          </option>
        ))}
      </select>
      <Radix.List aria-label={label} className="mb-4 hidden flex-wrap gap-x-1 border-b border-line sm:flex">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.id}
            value={tab.id}
            className="min-h-8 border-b-2 border-transparent px-3 py-1 text-muted forced-colors:not-data-[state=active]:border-[Canvas] data-[state=active]:border-accent data-[state=active]:font-semibold data-[state=active]:text-text"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
