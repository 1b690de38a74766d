import { Outlet } from '@tanstack/react-router';
import { Suspense } from 'react';
import { ToastPlace } from '../ui/toast.tsx';
import { frame } from '../words/frame.ts';
import { Announcer } from './announcer.tsx';

/** What every page has, signed in or not. */
export function Root() {
  return (
    <>
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-control bg-accent px-3 py-2 text-on-accent focus:translate-y-0"
      >
        {frame.skip}
      </a>
      <Suspense>
        <Outlet />
      </Suspense>
      <ToastPlace />
      <Announcer />
    </>
  );
}
