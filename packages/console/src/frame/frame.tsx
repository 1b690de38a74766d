import { Link, Outlet, useParams } from '@tanstack/react-router';
import { Menu, X } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../ui/button.tsx';
import { frame } from '../words/frame.ts';
import { ui } from '../words/ui.ts';
import { DemoBand } from './demo-band.tsx';
import { LiveProvider } from './live-context.tsx';
import { Navigation } from './navigation.tsx';
import { Shortcuts } from './shortcuts.tsx';
import { SyncHeader } from './sync-header.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

/** Around every screen of a signed-in person: a rail at the left, or a bar with a menu on narrow screens. */
export function Frame() {
  const { sync } = useParams({ strict: false });
  if (sync === undefined) return <Page sync={undefined} />;
  return (
    <LiveProvider key={sync} sync={sync}>
      <Page sync={sync} />
    </LiveProvider>
  );
}

function Page({ sync }: { sync: string | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <div className="page-width mx-auto min-h-screen border-line md:grid md:grid-cols-[64px_minmax(0,1fr)] lg:grid-cols-[220px_minmax(0,1fr)] 2xl:border-x">
      <nav
        aria-label={frame.navigation}
        className="border-line md:sticky md:top-0 md:h-screen md:border-r md:px-2 md:py-4"
      >
        <div className="flex items-center justify-between gap-2 px-4 py-2 md:mb-4 md:px-1 md:max-lg:justify-center">
          <Link to="/" className="text-lead font-semibold text-text">
            <span className="md:max-lg:hidden">{frame.product}</span>
            <img src="/icon.svg" alt={frame.product} className="hidden size-8 md:max-lg:block" />
          </Link>
          <span className="ml-auto md:hidden">
            <ThemeSwitch />
          </span>
          <Button
            look="quiet"
            className="-mr-3 md:hidden"
            aria-expanded={isOpen}
            aria-controls="navigation"
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? <X aria-hidden size={18} /> : <Menu aria-hidden size={18} />}
            {isOpen ? ui.closeMenu : frame.menu}
          </Button>
        </div>
        <div id="navigation" className={`px-2 pb-3 md:block md:px-0 ${isOpen ? '' : 'hidden'}`}>
          <Navigation sync={sync} onGo={close} />
        </div>
      </nav>
      <div className="min-w-0">
        <header
          // Without a sync it has only the theme, which a narrow screen has in the bar above.
          className={`sticky top-0 z-20 border-b border-line bg-canvas max-sm:static ${sync === undefined ? 'max-md:hidden' : ''}`}
        >
          <div className="content-width mx-auto flex min-h-14 items-center justify-between gap-3 px-4 py-2 lg:px-8">
            {sync === undefined ? <span /> : <SyncHeader sync={sync} />}
            <span className="-mr-3 max-md:hidden">
              <ThemeSwitch />
            </span>
          </div>
        </header>
        <DemoBand sync={sync} />
        <main id="content" tabIndex={-1} className="content-width mx-auto px-4 py-6 outline-none lg:px-8">
          <Outlet />
        </main>
      </div>
      <Shortcuts />
    </div>
  );
}
