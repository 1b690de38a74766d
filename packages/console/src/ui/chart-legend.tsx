import { useId } from 'react';
import { ui } from '../words/ui.ts';
import { type ChartColour, type ChartFigures, patternPx, patterns } from './chart-figures.ts';

/** What each bar and line of a chart is; the same patterns as in it. */
export function ChartLegend({ figures: { series, limits = [] } }: { figures: ChartFigures }) {
  return (
    <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm">
      {series.map(({ label, colour }) => (
        <li key={label} className="flex items-center gap-2">
          <Swatch colour={colour} />
          {label}
        </li>
      ))}
      {limits.map(({ label, isOutside = false }) => (
        <li key={label} className="flex items-center gap-2">
          <svg aria-hidden width="16" height="8">
            <path d="M0 4h16" className="stroke-crit" strokeDasharray="4 3" strokeWidth="1.5" />
          </svg>
          {isOutside ? ui.outsideChart(label) : label}
        </li>
      ))}
    </ul>
  );
}

function Swatch({ colour }: { colour: ChartColour }) {
  const id = useId();
  return (
    <svg aria-hidden width="14" height="14" className="shrink-0 rounded-control">
      <defs>
        <pattern id={id} width={patternPx} height={patternPx} patternUnits="userSpaceOnUse">
          <rect width={patternPx} height={patternPx} fill={`var(--chart-${colour})`} />
          <path d={patterns[colour]} stroke="var(--surface)" strokeWidth="1.25" strokeLinecap="round" />
        </pattern>
      </defs>
      <rect width="14" height="14" fill={`url(#${id})`} />
    </svg>
  );
}
