import { useEffect, useState } from 'react';
import { ui } from '../words/ui.ts';
import { announce } from './announce.ts';
import { Button } from './button.tsx';

interface Toast {
  says: string;
  /** Takes back what was done. */
  undo?: () => void;
}

const shownMs = 10_000;
let show: ((toast: Toast) => void) | null = null;

/** Says what has just been done, with Undo for ten seconds if it can be taken back. */
export function toast(says: string, undo?: () => void): void {
  announce(says);
  show?.({ says, ...(undo && { undo }) });
}

/** Where {@link toast} shows; stands once in the frame. */
export function ToastPlace() {
  const [current, setCurrent] = useState<Toast | null>(null);
  useEffect(() => {
    show = setCurrent;
    return () => {
      show = null;
    };
  }, []);
  useEffect(() => {
    if (!current) return undefined;
    const timer = setTimeout(() => setCurrent(null), shownMs);
    return () => clearTimeout(timer);
  }, [current]);
  if (!current) return null;
  return (
    <section
      aria-label={ui.notice}
      className="fixed inset-x-4 bottom-4 z-50 mx-auto flex max-w-md items-center justify-between gap-3 rounded-card border border-control bg-surface p-3 shadow-lg"
    >
      <p>{current.says}</p>
      <div className="flex gap-2">
        {current.undo && (
          <Button
            onClick={() => {
              current.undo?.();
              setCurrent(null);
            }}
          >
            {ui.undo}
          </Button>
        )}
        <Button look="quiet" onClick={() => setCurrent(null)}>
          {ui.dismiss}
        </Button>
      </div>
    </section>
  );
}
