import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import { formatClock, formatCount, type Zone } from '../words/format.ts';
import {
  type ChartColour,
  type ChartFigures,
  type ChartSeries,
  patternPx,
  patterns,
} from './chart-figures.ts';
import { useZone } from './zone.ts';

/** A canvas knows no CSS variables: their colours are read from an element that has them. */
function colourOf(element: HTMLElement, variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  probe.style.setProperty('forced-color-adjust', 'none'); // or bars would have the colour of text
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const dashes = [[], [8, 4], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4], [2, 6], [10, 2]];

interface Appearance {
  element: HTMLElement;
  heightPx: number;
  zone: Zone;
}

export default function Plot({ figures, heightPx }: { figures: ChartFigures; heightPx: number }) {
  const place = useRef<HTMLDivElement>(null);
  const [zone] = useZone();
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const draw = () => new UPlot(optionsFor(figures, { element, heightPx, zone }), dataOf(figures), element);
    let plot = draw();
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    // The theme's colours are in the picture.
    const redraw = () => {
      plot.destroy();
      plot = draw();
    };
    const themes = new MutationObserver(redraw);
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', redraw);
    return () => {
      observer.disconnect();
      themes.disconnect();
      system.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [figures, heightPx, zone]);
  return <div ref={place} className="overflow-hidden" />;
}

const halfHour = 1_800;
/** Between two lines of the grid: there is no half a request. */
const wholeSteps = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

function optionsFor(figures: ChartFigures, { element, heightPx, zone }: Appearance): UPlot.Options {
  const isBars = figures.look === 'bars';
  const axis = {
    stroke: colourOf(element, '--muted'),
    grid: { stroke: colourOf(element, '--line'), width: 1 },
    ticks: { stroke: colourOf(element, '--line'), width: 1 },
    font: `12px ${getComputedStyle(element).fontFamily}`,
  };
  const limit = colourOf(element, '--crit');
  const series = isBars ? barsOf(element, figures.series) : figures.series.map((one) => lineOf(element, one));
  const most = Math.max(
    1,
    ...dataOf(figures)
      .slice(1)
      .flatMap((values) => [...values].map((one) => one ?? 0)),
  );
  return {
    width: element.clientWidth,
    height: heightPx,
    scales: {
      x: {
        range: (_plot, min, max) => {
          if (isBars) return [min - halfHour, max + halfHour];
          // Of a single time uPlot would make years.
          return min < max ? [min, max] : [min - 3_600, min + 3_600];
        },
      },
      ...(isBars && { y: { range: [0, most * 1.05] as [number, number] } }),
    },
    axes: [
      {
        ...axis,
        values: (_plot, at) => at.map((one) => formatClock(new Date(one * 1_000), zone).slice(0, 5)),
      },
      { ...axis, values: (_plot, at) => at.map(formatCount), incrs: wholeSteps, size: 56 },
    ],
    legend: isBars ? { show: false } : { live: false },
    cursor: isBars ? { show: false } : { drag: { x: false, y: false } },
    series: [
      {},
      ...series,
      ...inSight(figures).map(({ label }) => ({
        label,
        stroke: limit,
        width: 1,
        dash: [6, 6],
        points: { show: false },
      })),
    ],
  };
}

const lineOf = (element: HTMLElement, { label, colour }: ChartSeries): UPlot.Series => ({
  label,
  stroke: colourOf(element, `--chart-${colour}`),
  width: 2,
  dash: dashes[colour - 1] ?? [],
});

/** The highest first: each next one is drawn over it, so that only its own part is seen. */
const barsOf = (element: HTMLElement, series: readonly ChartSeries[]): UPlot.Series[] =>
  series.toReversed().map(({ label, colour }) => ({
    label,
    fill: (plot) => fillOf(plot.ctx, element, colour),
    stroke: colourOf(element, '--surface'),
    width: 1,
    points: { show: false },
    ...(UPlot.paths.bars && { paths: UPlot.paths.bars({ size: [0.8, 48] }) }),
  }));

function fillOf(ctx: CanvasRenderingContext2D, element: HTMLElement, colour: ChartColour) {
  const base = colourOf(element, `--chart-${colour}`);
  const tile = document.createElement('canvas');
  const scale = devicePixelRatio;
  tile.width = patternPx * scale;
  tile.height = patternPx * scale;
  const brush = tile.getContext('2d');
  if (!brush) return base;
  brush.scale(scale, scale);
  brush.fillStyle = base;
  brush.fillRect(0, 0, patternPx, patternPx);
  brush.strokeStyle = colourOf(element, '--surface');
  brush.lineCap = 'round';
  brush.lineWidth = 1.25;
  brush.stroke(new Path2D(patterns[colour]));
  return ctx.createPattern(tile, 'repeat') ?? base;
}

const inSight = ({ limits = [] }: ChartFigures) => limits.filter(({ isOutside = false }) => !isOutside);

function dataOf(figures: ChartFigures): UPlot.AlignedData {
  const { look, times, series } = figures;
  const heights = look === 'bars' ? stacked(series) : series.map(({ values }) => [...values]);
  return [
    times.map((at) => Date.parse(at) / 1_000),
    ...heights,
    ...inSight(figures).map(({ value }) => times.map(() => value)),
  ];
}

/** Each with those below it; the highest first. Without anything there is no bar: one of no height has a line, too. */
function stacked(series: readonly ChartSeries[]): (number | null)[][] {
  const sums: number[][] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return sums.toReversed().map((bars) => bars.map((bar) => (bar > 0 ? bar : null)));
}
