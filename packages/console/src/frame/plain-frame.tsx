import { Link, Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { frame } from '../words/frame.ts';
import { ThemeSwitch } from './theme-switch.tsx';

/** Around the pages that need no session. */
export const PlainFrame = () => (
  <PlainPage>
    <Outlet />
  </PlainPage>
);

export function PlainPage({ children }: { children: ReactNode }) {
  return (
    <div className="mx-auto flex min-h-screen max-w-3xl flex-col px-4">
      <header className="flex items-center justify-between gap-3 py-4">
        <Link to="/" className="text-lead font-semibold text-text">
          {frame.product}
        </Link>
        <span className="-mr-3">
          <ThemeSwitch />
        </span>
      </header>
      <main id="content" tabIndex={-1} className="py-6 outline-none">
        {children}
      </main>
    </div>
  );
}
