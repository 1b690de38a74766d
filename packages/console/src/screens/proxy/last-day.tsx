import { useQuery } from '@tanstack/react-query';
import { Panel } from '../../ui/panel.tsx';
import { formatCount } from '../../words/format.ts';
import { type Outcome, OutcomePill } from './outcome.tsx';
import { proxyHoursQuery } from './proxy-query.ts';
import { words } from './words.ts';

/** How many requests came to each end in the last 24 hours. Each figure filters the list below. */
export function LastDay({
  sync,
  outcome,
  onOutcome,
}: {
  sync: string;
  outcome: string;
  onOutcome: (outcome: string) => void;
}) {
  const query = useQuery(proxyHoursQuery(sync, 'day'));
  return (
    <Panel
      title={words.lastDay}
      query={query}
      skeletonRem={4}
      isEmpty={({ items }) => items.length === 0}
      empty={<p>{words.emptyHours}</p>}
    >
      {({ items }) => (
        <ul className="flex flex-wrap gap-x-8 gap-y-4">
          {outcomesOf(items).map(([one, requests]) => (
            <li key={one}>
              <p className="text-h2 font-semibold tabular-nums">{formatCount(requests)}</p>
              {one === 'read' ? (
                <OutcomePill outcome={one} />
              ) : (
                <button
                  type="button"
                  aria-pressed={outcome === one}
                  onClick={() => onOutcome(outcome === one ? '' : one)}
                  className="rounded-control aria-pressed:outline aria-pressed:outline-2 aria-pressed:outline-accent"
                >
                  <OutcomePill outcome={one} />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function outcomesOf(items: readonly { outcome: Outcome; requests: number }[]): [Outcome, number][] {
  const sums = new Map<Outcome, number>();
  for (const { outcome, requests } of items) sums.set(outcome, (sums.get(outcome) ?? 0) + requests);
  const order = Object.keys(words.outcomes);
  return [...sums].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}
