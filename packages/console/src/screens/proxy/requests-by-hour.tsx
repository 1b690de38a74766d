import { useQuery } from '@tanstack/react-query';
import type { components } from '../../api/schema.d.ts';
import { Chart } from '../../ui/chart.tsx';
import type { ChartFigures } from '../../ui/chart-figures.ts';
import { Panel } from '../../ui/panel.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { days, proxyHoursQuery, type Range } from './proxy-query.ts';
import { words } from './words.ts';

type Hours = components['schemas']['ProxyHours']['items'];

const ranges: readonly Range[] = ['day', 'week', 'month'];

export function RequestsByHour({ sync }: { sync: string }) {
  const [chosen, choose] = useSearchText('range', 'day');
  const range = ranges.find((one) => one === chosen) ?? 'day';
  const query = useQuery(proxyHoursQuery(sync, range));
  return (
    <Panel
      title={words.byHourTitle}
      query={query}
      actions={
        <select
          aria-label={words.hoursRange}
          value={range}
          onChange={(event) => choose(event.target.value)}
          className="min-h-8 rounded-control border border-control bg-surface px-2 text-text sm:text-base"
        >
          {ranges.map((one) => (
            <option key={one} value={one}>
              {words.ranges[one]}
            </option>
          ))}
        </select>
      }
      isEmpty={({ items }) => items.length === 0}
      empty={<p>{words.emptyHours}</p>}
      skeletonRem={18}
    >
      {({ items, as_of: asOf }) => (
        <Chart summary={summaryOf(items)} figures={figuresOf(items, range, asOf)} />
      )}
    </Panel>
  );
}

const sumOf = (items: Hours) => items.reduce((sum, { requests }) => sum + requests, 0);

const summaryOf = (items: Hours) =>
  words.hoursSummary(sumOf(items), new Set(items.map(({ hour }) => hour)).size);

function figuresOf(items: Hours, range: Range, asOf: string): ChartFigures {
  const hours = hoursOf(range, asOf);
  const [reads, others] = [new Map<number, number>(), new Map<number, number>()];
  for (const { hour, outcome, requests } of items) {
    const sums = outcome === 'read' ? reads : others;
    const at = Date.parse(hour);
    sums.set(at, (sums.get(at) ?? 0) + requests);
  }
  const valuesOf = (sums: Map<number, number>) => hours.map((at) => sums.get(at) ?? 0);
  return {
    times: hours.map((at) => new Date(at).toISOString()),
    series: [
      { label: words.reads, values: valuesOf(reads), colour: 1 },
      { label: words.others, values: valuesOf(others), colour: 2 },
    ],
  };
}

const hourMs = 3_600_000;

/** All of the range up to this one, also those without a request. */
function hoursOf(range: Range, asOf: string): number[] {
  const last = Math.floor(Date.parse(asOf) / hourMs) * hourMs;
  const count = days[range] * 24;
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * hourMs);
}
