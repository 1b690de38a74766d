import { useRouter } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { frame } from '../words/frame.ts';

/** The content of a route: its one h1, the title of the document, and the focus after a change of the screen. */
export function Screen({
  title,
  heading = title,
  actions,
  children,
}: {
  /** Of the document. */
  title: string;
  /** What the h1 shows, if that is more than the title. */
  heading?: ReactNode;
  /** Beside the h1. */
  actions?: ReactNode;
  children?: ReactNode;
}) {
  const h1 = useRef<HTMLHeadingElement>(null);
  const router = useRouter();
  useEffect(() => {
    document.title = `${title} – ${frame.product}`;
  }, [title]);
  useEffect(() => {
    // Only after going from one screen to another: at first the browser's own order is right.
    const hasMoved = router.state.resolvedLocation !== undefined && router.history.length > 1;
    const isElsewhere = document.activeElement?.closest('main, [data-frame-keeps-focus]');
    if (hasMoved && !isElsewhere) h1.current?.focus();
  }, [router]);
  return (
    <div className="space-y-6">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <h1 ref={h1} tabIndex={-1} className="min-w-0 text-h2 font-semibold wrap-anywhere sm:text-h1">
          {heading}
        </h1>
        {actions}
      </div>
      {children}
    </div>
  );
}
