import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import type { ChartFigures } from './chart-figures.ts';

/** A canvas knows no CSS variables: their colours are read from an element that has them. */
function colourOf(element: HTMLElement, variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const dashes = [[], [8, 4], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4], [2, 6], [10, 2]];

export default function Plot({ figures, heightPx }: { figures: ChartFigures; heightPx: number }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const plot = new UPlot(optionsFor(element, figures, heightPx), dataOf(figures), element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [figures, heightPx]);
  return <div ref={place} />;
}

function optionsFor(element: HTMLElement, figures: ChartFigures, height: number): UPlot.Options {
  const axis = {
    stroke: colourOf(element, '--muted'),
    grid: { stroke: colourOf(element, '--line'), width: 1 },
    ticks: { stroke: colourOf(element, '--line'), width: 1 },
  };
  const limit = colourOf(element, '--crit');
  return {
    width: element.clientWidth,
    height,
    // Of a single time uPlot would make years.
    scales: { x: { range: (_plot, min, max) => (min < max ? [min, max] : [min - 3_600, min + 3_600]) } },
    axes: [axis, axis],
    legend: { live: false },
    cursor: { drag: { x: false, y: false } },
    series: [
      {},
      ...figures.series.map(({ label, colour }) => ({
        label,
        stroke: colourOf(element, `--chart-${colour}`),
        width: 2,
        dash: dashes[colour - 1] ?? [],
      })),
      ...(figures.limits ?? []).map(({ label }) => ({ label, stroke: limit, width: 1, dash: [6, 6] })),
    ],
  };
}

function dataOf({ times, series, limits = [] }: ChartFigures): UPlot.AlignedData {
  return [
    times.map((at) => Date.parse(at) / 1_000),
    ...series.map(({ values }) => [...values]),
    ...limits.map(({ value }) => times.map(() => value)),
  ];
}
