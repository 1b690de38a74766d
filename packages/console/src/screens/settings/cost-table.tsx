import type { UseQueryResult } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { components } from '../../api/schema.d.ts';
import { QueryProblem } from '../../ui/problem-notice.tsx';
import { formatCount } from '../../words/format.ts';
import { type PaceCosts, paceCosts } from './pace-costs.ts';
import { words } from './words.ts';

type Usage = components['schemas']['Usage'];

/** The arithmetic of a pace, beside the fields that it belongs to. */
export function CostTable({
  query,
  intervalMs,
  stopAtPercent,
  objects,
}: {
  query: UseQueryResult<Usage>;
  /** Null: what is typed is no pace. */
  intervalMs: number | null;
  stopAtPercent: number;
  objects: number;
}) {
  const { data } = query;
  if (!data && query.isError) return <QueryProblem query={query} />;
  const costs = data && intervalMs !== null ? paceCosts(intervalMs, stopAtPercent, objects, data) : null;
  const made = data?.requests.reduce((sum, { last_day: lastDay }) => sum + lastDay, 0);
  return (
    <div className="min-h-56 min-w-0 rounded-card bg-sunken p-4">
      <h3 className="font-semibold">{words.costs}</h3>
      {costs && (
        <>
          <dl className="mt-2 grid grid-cols-[minmax(7rem,1fr)_minmax(0,auto)] gap-x-4 gap-y-1.5 tabular-nums">
            {rowsOf(costs, objects, made ?? 0).map(([term, says]) => (
              <div key={term} className="contents">
                <dt className="text-muted">{term}</dt>
                <dd className="text-right">{says}</dd>
              </div>
            ))}
          </dl>
          <div role="status">
            <Warning costs={costs} />
          </div>
          <p className="mt-3 text-sm text-muted">
            {costs.org === null ? words.unknownLimit : words.notIncluded}
          </p>
        </>
      )}
    </div>
  );
}

function rowsOf({ perDay, turnMs, org }: PaceCosts, objects: number, made: number): [string, string][] {
  const ofOrg = (count: number) => (org ? words.ofOrg(count, (count / org.max) * 100) : formatCount(count));
  return [
    ...(org ? ([[words.allowed, words.inAnyDay(org.max)]] as [string, string][]) : []),
    ...(org ? ([[words.usedByOthers, ofOrg(org.others)]] as [string, string][]) : []),
    [words.atMost, ofOrg(perDay)],
    ...(org ? ([[words.left, org.left === 0 ? words.none : ofOrg(org.left)]] as [string, string][]) : []),
    [words.wasSoFar, formatCount(made)],
    [words.eachRead, words.eachReadSays(turnMs, objects)],
  ];
}

function Warning({ costs: { org } }: { costs: PaceCosts }) {
  if (!org || !(org.isTooMuch || org.reachesStop)) return null;
  return (
    <p className="mt-3 flex gap-2 font-medium">
      <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-warn" />
      {org.isTooMuch ? words.tooMuch(org.percent) : words.wouldStop}
    </p>
  );
}
