import { Component, lazy, type ReactNode, Suspense, useState } from 'react';
import { formatCount } from '../words/format.ts';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import type { ChartFigures } from './chart-figures.ts';
import { ChartLegend } from './chart-legend.tsx';
import { DataTable } from './table.tsx';
import { Time } from './time.tsx';

/** uPlot, which loads with the first chart. */
const Plot = lazy(() => import('./plot.tsx'));

const heightPx = 220;

/** Lines or bars over time, with a sentence that says what they show, and the same figures as a table. */
export function Chart({ summary, figures }: { summary: string; figures: ChartFigures }) {
  const [isTable, setTable] = useState(false);
  return (
    <figure>
      {isTable ? (
        <FiguresTable summary={summary} figures={figures} />
      ) : (
        <ChartBoundary>
          <div
            role="img"
            aria-label={summary}
            style={{ height: heightPx + (figures.look === 'bars' ? 0 : 40) }}
          >
            <Suspense>
              <Plot figures={figures} heightPx={heightPx} />
            </Suspense>
          </div>
          {figures.look === 'bars' && <ChartLegend figures={figures} />}
        </ChartBoundary>
      )}
      <figcaption className="mt-2 flex flex-wrap items-center justify-between gap-2 text-muted">
        {summary}
        <Button look="quiet" className="-mx-3" onClick={() => setTable(!isTable)}>
          {isTable ? ui.showAsChart : ui.showAsTable}
        </Button>
      </figcaption>
    </figure>
  );
}

function FiguresTable({ summary, figures }: { summary: string; figures: ChartFigures }) {
  const rows = figures.times.map((at, index) => ({ at, index }));
  type FigureRow = (typeof rows)[number];
  const columns = [
    {
      id: 'time',
      label: ui.time,
      value: ({ at }: FigureRow) => at,
      cell: ({ at }: FigureRow) => <Time at={at} />,
    },
    ...figures.series.map(({ label, values }) => ({
      id: label,
      label,
      isNumber: true,
      value: ({ index }: FigureRow) => values[index] ?? null,
      cell: ({ index }: FigureRow) => {
        const value = values[index] ?? null;
        return value === null ? '–' : formatCount(Math.round(value));
      },
    })),
  ];
  return <DataTable caption={summary} rows={rows} columns={columns} keyOf={({ at }) => at} />;
}

/** uPlot throws where a browser has an unusual locale; that must not take the page with it. */
class ChartBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <p>{ui.chartFailed}</p> : this.props.children;
  }
}
