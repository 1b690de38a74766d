import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useRef, useState } from 'react';
import type { Problem } from '../api/problem.ts';
import { ui } from '../words/ui.ts';
import { Button, type ButtonLook } from './button.tsx';
import { TextField } from './field.tsx';
import { ProblemNotice } from './problem-notice.tsx';

/** A window over the page: it keeps the focus, Esc closes it, and the focus returns to what opened it. */
export function Dialog({
  title,
  isOpen,
  onClose,
  children,
}: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const opener = useRef<Element | null>(null);
  return (
    <Radix.Root open={isOpen} onOpenChange={(open) => open || onClose()}>
      <Radix.Portal>
        {/* Not Radix's overlay: that adds a style element, which the content security policy refuses. */}
        <div aria-hidden className="fixed inset-0 z-40 bg-scrim" />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            opener.current = document.activeElement;
            const first = event.target instanceof Element && event.target.querySelector('[data-first-focus]');
            if (!(first instanceof HTMLElement)) return;
            event.preventDefault();
            first.focus();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener.current instanceof HTMLElement) opener.current.focus();
          }}
          className="fixed inset-x-4 top-[5vh] z-50 mx-auto max-h-[90vh] max-w-xl overflow-y-auto rounded-card border border-line bg-surface p-6 shadow-lg"
        >
          <Radix.Title className="mb-4 text-h2 font-semibold">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export interface Confirmation {
  /** What the button does, as it is written on it: `Read Account again`. */
  act: string;
  happens: ReactNode;
  stays: ReactNode;
  costs: ReactNode;
  /** A name that must be typed first: for what erases. */
  typedName?: string;
  isBusy?: boolean;
  problem?: Problem | null;
  /** A choice to be made before. */
  children?: ReactNode;
}

/** Asks before something costly or erasing. The focus begins on Cancel. */
export function ConfirmDialog({
  isOpen,
  onClose,
  onConfirm,
  ...confirmation
}: Confirmation & { isOpen: boolean; onClose: () => void; onConfirm: () => void }) {
  return (
    <Dialog title={confirmation.act} isOpen={isOpen} onClose={onClose}>
      <Asked {...confirmation} onClose={onClose} onConfirm={onConfirm} />
    </Dialog>
  );
}

function Asked({
  act,
  happens,
  stays,
  costs,
  typedName,
  isBusy = false,
  problem = null,
  children,
  onClose,
  onConfirm,
}: Confirmation & { onClose: () => void; onConfirm: () => void }) {
  const [typed, setTyped] = useState('');
  const look: ButtonLook = typedName === undefined ? 'primary' : 'danger';
  const lines = [
    [ui.whatHappens, happens],
    [ui.whatStays, stays],
    [ui.whatItCosts, costs],
  ] as const;
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (typedName === undefined || typed.trim() === typedName) onConfirm();
      }}
    >
      {children}
      <dl className="space-y-3">
        {lines.map(([term, line]) => (
          <div key={term}>
            <dt className="font-semibold">{term}</dt>
            <dd>{line}</dd>
          </div>
        ))}
      </dl>
      {typedName !== undefined && (
        <TextField label={ui.typeName(typedName)} value={typed} onChange={setTyped} autoComplete="off" />
      )}
      {problem && (
        <div ref={bringIntoSight}>
          <ProblemNotice problem={problem} isOwnAction />
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose} data-first-focus>
          {ui.cancel}
        </Button>
        <Button
          type="submit"
          look={look}
          isBusy={isBusy}
          disabled={typedName !== undefined && typed.trim() !== typedName}
        >
          <span className="min-w-0">{act}</span>
        </Button>
      </div>
    </form>
  );
}

/** A long dialog scrolls, and its end may be out of sight. */
const bringIntoSight = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });
