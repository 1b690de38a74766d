/** The hourly figures of the chart, from what the API counts by hour, purpose and object. */
import type { Usage, UsageHour } from '../../api/figures.ts';
import type { Sync } from '../../api/queries.ts';
import type { ChartColour, ChartFigures, ChartSeries } from '../../ui/chart-figures.ts';
import { words } from './words.ts';

const hourMs = 3_600_000;
const hoursShown = 24;
const objectsShown = 5;
const objectColours: readonly ChartColour[] = [1, 2, 3, 4, 5];

/** A series for each of the busiest objects, one for all others, one for the proxy, one for all else. */
export function usageFigures(
  hours: readonly UsageHour[],
  { shares, org }: Usage,
  sync: Sync,
  now: number,
): ChartFigures {
  const first = Math.floor(now / hourMs) * hourMs - (hoursShown - 1) * hourMs;
  const times = Array.from({ length: hoursShown }, (_, index) =>
    new Date(first + index * hourMs).toISOString(),
  );
  const busiest = shares.objects.slice(0, objectsShown).map(({ sobject }) => sobject);
  const values = (isOwn: (one: UsageHour) => boolean) => {
    const sums = new Map<number, number>();
    for (const one of hours)
      if (isOwn(one)) sums.set(Date.parse(one.hour), (sums.get(Date.parse(one.hour)) ?? 0) + one.requests);
    return times.map((at) => sums.get(Date.parse(at)) ?? 0);
  };
  const isProxied = ({ purpose, object }: UsageHour) => object === null && purpose === 'proxy';
  const series: ChartSeries[] = [
    ...busiest.map((name, index) => ({
      label: name,
      colour: objectColours[index] ?? 1,
      values: values(({ object }) => object === name),
    })),
    {
      label: words.otherObjects,
      colour: 7,
      values: values(({ object }) => object !== null && !busiest.includes(object)),
    },
    { label: words.proxied, colour: 8, values: values(isProxied) },
    { label: words.rest, colour: 6, values: values((one) => one.object === null && !isProxied(one)) },
  ];
  const shown = series.filter((one) => one.values.some((value) => (value ?? 0) > 0));
  const most = Math.max(1, ...times.map((_, index) => sum(shown.map((one) => one.values[index] ?? 0))));
  return { look: 'bars', times, series: shown, limits: limitsIn(sync, org, most) };
}

/** Far above all bars a line would make them flat: then the legend says where it is. */
const outOfSight = 4;

function limitsIn({ interval_ms: intervalMs }: Sync, org: Usage['org'], most: number) {
  const perHour = Math.round(hourMs / intervalMs);
  const ofOrg = org && Math.round(org.max / hoursShown);
  return [
    { label: words.budgetLine(perHour), value: perHour },
    ...(ofOrg === null ? [] : [{ label: words.quotaLine(ofOrg), value: ofOrg }]),
  ].map((limit) => ({ ...limit, isOutside: limit.value > outOfSight * most }));
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
