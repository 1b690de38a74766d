import type { HTMLAttributes, ReactNode } from 'react';
import { useVirtualRows } from './use-virtual-rows.ts';

interface ListedColumn<T> {
  id: string;
  label: string;
  value: (row: T) => string | number | null;
  cell?: (row: T) => ReactNode;
}

const linesRem = 1.75;
/** Of a row in a form of its own, about. */
const narrowLines = 2;

/** A table on a narrow screen: each row a list of names and values. */
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
  const { body, shown, before, after } = useVirtualRows(rows.length, () => lines * linesRem * 16 + 24);
  return (
    <ul ref={body} {...holding} aria-label={caption} style={{ paddingTop: before, paddingBottom: after }}>
      {shown.map((index) => {
        const row = rows[index];
        return (
          row && (
            <li key={row.id} className="border-t border-line py-3">
              {narrow ? narrow(row.original) : <NamesAndValues row={row.original} columns={columns} />}
            </li>
          )
        );
      })}
    </ul>
  );
}

function NamesAndValues<T>({ row, columns }: { row: T; columns: readonly ListedColumn<T>[] }) {
  return (
    <dl className="grid grid-cols-[fit-content(50%)_minmax(0,1fr)] gap-x-3 gap-y-1">
      {columns.map((column) => (
        <div key={column.id} className="contents">
          <dt className="min-w-24 text-sm text-muted">{column.label}</dt>
          <dd className="min-w-0 break-words">{column.cell ? column.cell(row) : column.value(row)}</dd>
        </div>
      ))}
    </dl>
  );
}
