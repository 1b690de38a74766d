import { useEffect, useState } from 'react';
import { Switch } from '../ui/choices.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { frame } from '../words/frame.ts';
import { areShortcutsOn, useShortcutsSwitch } from './shortcuts-switch.ts';

/** What each key presses or enters, by its name in `data-shortcut`. */
const targets: Record<string, string> = { '/': 'filter', '[': 'previous', ']': 'next' };

const opened = new EventTarget();

/** Shows the list of keys. */
export const showShortcuts = (): void => void opened.dispatchEvent(new Event('open'));

/** Listens for the single keys, and shows what they do. */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  const [isOn, setOn] = useShortcutsSwitch();
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
  return (
    <Dialog title={frame.shortcuts} isOpen={isOpen} onClose={() => setOpen(false)}>
      <table className="mb-4 w-full text-left">
        <caption className="sr-only">{frame.shortcuts}</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">{frame.key}</th>
            <th scope="col">{frame.keyDoes}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(frame.keys).map(([key, does]) => (
            <tr key={key} className="border-t border-line">
              <td className="w-16 py-2">
                <kbd className="inline-block min-w-8 rounded-control border border-control bg-sunken px-2 py-0.5 text-center font-mono">
                  {key}
                </kbd>
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Switch
        label={frame.shortcutsOn}
        hint={frame.shortcutsHint}
        isOn={isOn === 'on'}
        onChange={(on) => setOn(on ? 'on' : 'off')}
      />
    </Dialog>
  );
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
