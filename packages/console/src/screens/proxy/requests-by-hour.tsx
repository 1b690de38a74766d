import { useQuery } from '@tanstack/react-query';
import type { components } from '../../api/schema.d.ts';
import { Chart } from '../../ui/chart.tsx';
import type { ChartFigures } from '../../ui/chart-figures.ts';
import { Panel } from '../../ui/panel.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { proxyHoursQuery, type Range } from './proxy-query.ts';
import { words } from './words.ts';

type Hours = components['schemas']['ProxyHours']['items'];

const ranges: readonly Range[] = ['day', 'week', 'month'];

export function RequestsByHour({ sync }: { sync: string }) {
  const [chosen, choose] = useSearchText('range', 'day');
  const range = ranges.find((one) => one === chosen) ?? 'day';
  const query = useQuery(proxyHoursQuery(sync, range));
  return (
    <Panel
      title={words.byHour}
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
      {({ items }) => <Chart summary={summaryOf(items)} figures={figuresOf(items)} />}
    </Panel>
  );
}

const sumOf = (items: Hours) => items.reduce((sum, { requests }) => sum + requests, 0);

const summaryOf = (items: Hours) =>
  words.hoursSummary(sumOf(items), new Set(items.map(({ hour }) => hour)).size);

function figuresOf(items: Hours): ChartFigures {
  const times = hoursOf(items);
  const counted = (isRead: boolean) =>
    times.map((at) =>
      sumOf(items.filter(({ hour, outcome }) => isSame(hour, at) && (outcome === 'read') === isRead)),
    );
  return {
    times,
    series: [
      { label: words.reads, values: counted(true), colour: 1 },
      { label: words.others, values: counted(false), colour: 2 },
    ],
  };
}

const hourMs = 3_600_000;
const isSame = (one: string, other: string) => Date.parse(one) === Date.parse(other);

/** From the first to the last, those without a request as well. */
function hoursOf(items: Hours): string[] {
  const known = items.map(({ hour }) => Date.parse(hour));
  const first = Math.min(...known);
  const count = (Math.max(...known) - first) / hourMs + 1;
  return Array.from({ length: count }, (_, index) => new Date(first + index * hourMs).toISOString());
}
