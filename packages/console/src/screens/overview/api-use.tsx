import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Usage, type UsageHour, usageHoursQuery, usageQuery } from '../../api/figures.ts';
import type { Sync } from '../../api/queries.ts';
import { serverNow } from '../../api/server-clock.ts';
import { Chart } from '../../ui/chart.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryProblem } from '../../ui/problem-notice.tsx';
import { Age } from '../../ui/time.tsx';
import { formatCount } from '../../words/format.ts';
import { sum, usageFigures } from './usage-figures.ts';
import { words } from './words.ts';

/** Who uses the quota: the org's day as a bar, the sync's hours by object. */
export function ApiUse({ sync }: { sync: Sync }) {
  const usage = useQuery(usageQuery(sync.id));
  const hours = useQuery(usageHoursQuery(sync.id));
  return (
    <Panel
      title={words.usage}
      query={usage}
      isEmpty={({ shares }) => shares.total === 0}
      empty={<p>{words.usageEmpty}</p>}
      skeletonRem={26}
    >
      {(data) => (
        <div className="space-y-4">
          <p className="tabular-nums">{sentenceOf(data)}</p>
          <Quota usage={data} />
          <div className="min-h-[19rem]">
            {hours.data && <Hours hours={hours.data} usage={data} sync={sync} />}
            {hours.isError && hours.data === undefined && <QueryProblem query={hours} />}
          </div>
        </div>
      )}
    </Panel>
  );
}

function sentenceOf({ shares: { total, objects }, org }: Usage): string {
  const [first] = objects;
  const ours = org
    ? words.ours(total, org.max, (100 * total) / Math.max(1, org.max))
    : words.oursAlone(total);
  return first && total > 0
    ? `${ours} ${words.busiest(first.sobject, (100 * first.requests) / total)}`
    : ours;
}

/** The org's daily requests: ours, those of others, what is left; and where reading stops. */
function Quota({ usage: { org, shares, stop_at_percent: stopAt } }: { usage: Usage }) {
  if (!org) return null;
  const percentOf = (requests: number) => Math.min(100, (100 * requests) / Math.max(1, org.max));
  const others = shares.other_programs ?? Math.max(0, org.used - shares.total);
  const parts = [
    { label: words.ourShare, requests: shares.total, colour: 'bg-accent' },
    { label: words.otherPrograms, requests: others, colour: 'bg-control' },
    { label: words.left, requests: Math.max(0, org.max - shares.total - others), colour: 'bg-sunken' },
  ];
  const says = words.quotaSays(org.percent, stopAt);
  return (
    <figure>
      <div
        role="img"
        aria-label={`${words.quota}: ${says}`}
        className="relative flex h-3 forced-color-adjust-none overflow-hidden rounded-full border border-control bg-sunken"
      >
        {parts.slice(0, 2).map(({ label, requests, colour }) => (
          <div key={label} className={`h-full ${colour}`} style={{ width: `${percentOf(requests)}%` }} />
        ))}
        <div className="absolute inset-y-0 w-0.5 bg-crit" style={{ left: `${stopAt}%` }} />
      </div>
      <figcaption className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted tabular-nums">
        {parts.map(({ label, requests, colour }) => (
          <span key={label} className="inline-flex items-center gap-1.5">
            <span
              aria-hidden
              className={`size-2.5 forced-color-adjust-none rounded-full border border-control ${colour}`}
            />
            {label} {formatCount(Math.round(requests))}
          </span>
        ))}
        <span>
          {says} {words.reported} <Age at={org.recorded_at} />.
        </span>
      </figcaption>
    </figure>
  );
}

function Hours({ hours, usage, sync }: { hours: readonly UsageHour[]; usage: Usage; sync: Sync }) {
  const { interval_ms: intervalMs } = sync;
  // Not with each look at the day's usage: the picture would be drawn anew each time.
  const busiest = usage.shares.objects.map(({ sobject }) => sobject).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: they stand for the whole of usage and sync
  const figures = useMemo(
    () => usageFigures(hours, usage, sync, serverNow()),
    [hours, busiest, usage.org?.max, intervalMs],
  );
  const total = sum(figures.series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return <Chart summary={words.hoursSummary(total, figures.times.length)} figures={figures} />;
}
