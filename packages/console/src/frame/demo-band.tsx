import { useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { lazy, Suspense, useState, useSyncExternalStore } from 'react';
import { isDemoQuery } from '../api/queries.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { stored } from '../ui/stored.ts';
import { frame } from '../words/frame.ts';

const Tour = lazy(() => import('./tour.tsx'));
const tourSeen = stored<'no' | 'yes'>('tour', ['no', 'yes'], 'no');

/** In the demo: where the data is from, the way to a real sync, and a tour that begins by itself once. */
export function DemoBand({ sync }: { sync: string | undefined }) {
  const { data: isDemo = false } = useQuery(isDemoQuery);
  const seen = useSyncExternalStore(tourSeen.subscribe, tourSeen.read);
  const [isAsked, setAsked] = useState(false);
  if (!isDemo) return null;
  const end = () => {
    setAsked(false);
    tourSeen.write('yes');
  };
  return (
    <aside aria-label={frame.product} className="border-b border-line bg-info-bg text-info">
      <div className="content-width mx-auto flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5 lg:px-8">
        <FlaskConical aria-hidden size={16} className="max-sm:hidden" />
        <p className="flex-1 basis-72">{frame.demoBand}</p>
        <span className="-mx-3 flex flex-wrap gap-1">
          {sync !== undefined && (
            <Button look="quiet" onClick={() => setAsked(true)}>
              {frame.takeTour}
            </Button>
          )}
          <LinkButton look="quiet" to="/syncs/new/$step" params={{ step: 'connect' }}>
            {frame.createReal}
          </LinkButton>
        </span>
      </div>
      {sync !== undefined && (isAsked || seen === 'no') && (
        <Suspense>
          <Tour sync={sync} onEnd={end} />
        </Suspense>
      )}
    </aside>
  );
}
