import { Fragment, type HTMLAttributes, type ReactNode } from 'react';
import { useVirtualRows } from './use-virtual-rows.ts';

interface ListedColumn<T> {
  id: string;
  label: string;
  value: (row: T) => string | number | null;
  cell?: (row: T) => ReactNode;
  isUnsorted?: boolean;
}

const linesRem = 1.5;
/** Of a row in a form of its own, about. */
const narrowLines = 2;

/** A table on a narrow screen: each row a list of names and values, under the value that names the row. */
export function TableAsLists<T>({
  caption,
  rows,
  columns,
  narrow,
  holding,
}: {
  caption: string;
  rows: readonly { id: string; original: T }[];
  columns: readonly ListedColumn<T>[];
  /** A row in a form of its own. */
  narrow: ((row: T) => ReactNode) | undefined;
  holding: HTMLAttributes<HTMLElement>;
}) {
  const lines = narrow ? narrowLines : columns.length;
  const { body, shown, before, after, measure } = useVirtualRows(
    rows.length,
    () => lines * linesRem * 16 + 24,
  );
  return (
    <ul ref={body} {...holding} aria-label={caption} style={{ paddingTop: before, paddingBottom: after }}>
      {shown.map((index) => {
        const row = rows[index];
        return (
          row && (
            <li key={row.id} ref={measure} data-index={index} className="border-t border-line py-3">
              {narrow ? narrow(row.original) : <NamesAndValues row={row.original} columns={columns} />}
            </li>
          )
        );
      })}
    </ul>
  );
}

function NamesAndValues<T>({ row, columns }: { row: T; columns: readonly ListedColumn<T>[] }) {
  const first = columns.findIndex(({ isUnsorted = false }) => !isUnsorted);
  const [boxes, named] = [columns.slice(0, Math.max(0, first)), columns.slice(Math.max(0, first))];
  return (
    <div className="flex items-start gap-3">
      {boxes.map((column) => (
        <Fragment key={column.id}>{shownIn(column, row)}</Fragment>
      ))}
      <dl className="grid min-w-0 flex-1 grid-cols-[fit-content(50%)_minmax(0,1fr)] items-baseline gap-x-3 gap-y-1">
        {named.map((column, place) => {
          // A name says by itself what it is; a number does not.
          const isHead = place === 0 && typeof column.value(row) === 'string';
          return (
            // What is empty needs no line.
            <div key={column.id} className="contents has-[dd:empty]:hidden">
              <dt className={isHead ? 'sr-only' : 'min-w-26 text-sm text-muted'}>{column.label}</dt>
              <dd className={`min-w-0 break-words ${isHead ? 'col-span-2 font-medium' : ''}`}>
                {shownIn(column, row)}
              </dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}

const shownIn = <T,>({ cell, value }: ListedColumn<T>, row: T) => (cell ? cell(row) : value(row));
