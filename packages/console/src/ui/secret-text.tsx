import { useEffect, useState } from 'react';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import { CopyButton } from './copy-button.tsx';

const shownMs = 60_000;

/** A secret, which is not in the page until it is asked for, and hides itself after a minute. */
export function SecretText({ secret, label }: { secret: string; label: string }) {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (!isShown) return undefined;
    const timer = setTimeout(() => setShown(false), shownMs);
    return () => clearTimeout(timer);
  }, [isShown]);
  return (
    <div role="group" aria-label={label} className="flex flex-wrap items-center gap-2">
      <code className="rounded-control bg-sunken px-2 py-1 font-mono text-sm break-all">
        {isShown ? secret : '••••••••••••'}
      </code>
      <Button aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {isShown ? ui.hide : ui.show}
      </Button>
      <CopyButton text={secret} />
    </div>
  );
}
