import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Chart } from '../../ui/chart.tsx';
import type { ChartFigures } from '../../ui/chart-figures.ts';
import { Panel } from '../../ui/panel.tsx';
import { words } from './words.ts';

type Hours = components['schemas']['ProxyHours']['items'];

export function RequestsByHour({ sync }: { sync: string }) {
  const query = useQuery({
    queryKey: ['proxy hours', sync],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/syncs/{sync}/proxy-requests/hours', { signal, params: { path: { sync } } })),
  });
  return (
    <Panel
      title={words.byHour}
      query={query}
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
  const times = [...new Set(items.map(({ hour }) => hour))].toSorted();
  const counted = (isRead: boolean) =>
    times.map((at) =>
      sumOf(items.filter(({ hour, outcome }) => hour === at && (outcome === 'read') === isRead)),
    );
  return {
    times,
    series: [
      { label: words.reads, values: counted(true), colour: 1 },
      { label: words.others, values: counted(false), colour: 2 },
    ],
  };
}
