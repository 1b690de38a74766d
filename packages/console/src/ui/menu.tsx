import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';

export interface MenuItem {
  label: string;
  /** Below the label. */
  hint?: string;
  onSelect: () => void;
  isDisabled?: boolean;
}

/** A button that opens a list of acts. */
export function Menu({ button, items }: { button: ReactNode; items: readonly MenuItem[] }) {
  return (
    // Not modal: as such it adds a style element, which the content security policy refuses.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{button}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-50 min-w-40 rounded-card border border-control bg-surface p-1 shadow-lg"
        >
          {items.map(({ label, hint, onSelect, isDisabled = false }) => (
            <DropdownMenu.Item
              key={label}
              disabled={isDisabled}
              onSelect={onSelect}
              className="min-h-8 cursor-pointer rounded-control px-3 py-1.5 data-disabled:opacity-60 data-highlighted:bg-sunken"
            >
              {label}
              {hint !== undefined && <span className="block text-sm text-muted">{hint}</span>}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
