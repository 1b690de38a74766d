import { lazy, Suspense, useEffect, useState } from 'react';
import { areShortcutsOn } from './shortcuts-switch.ts';

/** Dialogs are no part of the first load. */
const ShortcutList = lazy(() => import('./shortcut-list.tsx'));

/** What each key presses or enters, by its name in `data-shortcut`. */
const targets: Record<string, string> = { '/': 'filter', '[': 'previous', ']': 'next' };

const opened = new EventTarget();

/** Shows the list of keys. */
export const showShortcuts = (): void => void opened.dispatchEvent(new Event('open'));

/** Listens for the single keys, and shows what they do. */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const open = () => setOpen(true);
    const press = (event: KeyboardEvent) => {
      if (!areShortcutsOn() || isForElsewhere(event)) return;
      if (event.key === '?') open();
      else if (!enter(targets[event.key])) return;
      event.preventDefault();
    };
    opened.addEventListener('open', open);
    document.addEventListener('keydown', press);
    return () => {
      opened.removeEventListener('open', open);
      document.removeEventListener('keydown', press);
    };
  }, []);
  return isOpen ? (
    <Suspense fallback={null}>
      <ShortcutList onClose={() => setOpen(false)} />
    </Suspense>
  ) : null;
}

/** Somebody types, a dialog is open, or the key is the browser's. */
function isForElsewhere({ target, ctrlKey, metaKey, altKey, defaultPrevented }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || defaultPrevented) return true;
  if (document.querySelector('[role="dialog"][data-state="open"], [role="menu"]')) return true;
  return (
    target instanceof HTMLElement && target.closest('input, select, textarea, [contenteditable]') !== null
  );
}

function enter(name: string | undefined): boolean {
  const found = name === undefined ? null : document.querySelector(`[data-shortcut="${name}"]`);
  if (!(found instanceof HTMLElement)) return false;
  if (found instanceof HTMLInputElement) found.focus();
  else found.click();
  return true;
}
