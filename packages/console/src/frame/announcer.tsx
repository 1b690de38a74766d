import { useEffect, useState } from 'react';
import { onAnnouncement } from '../ui/announce.ts';

/** The one live region of the page. The number makes the same text twice two messages. */
export function Announcer() {
  const [{ text, number }, say] = useState({ text: '', number: 0 });
  useEffect(
    () => onAnnouncement((next) => say(({ number: last }) => ({ text: next, number: last + 1 }))),
    [],
  );
  return (
    <div aria-live="polite" className="sr-only">
      <p key={number}>{text}</p>
    </div>
  );
}
