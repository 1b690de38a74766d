import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Panel } from './panel.tsx';
import { RowList, type RowListColumn } from './row-list.tsx';
import { useSearchText } from './use-search-text.ts';

export type LogQuery<T> = UseInfiniteQueryResult<InfiniteData<{ items: T[]; next: string | null }>>;

/** A log that comes in pages, the newest first. Which row is open stands in the address. */
export function LogPanel<T>({
  title,
  query,
  columns,
  keyOf,
  details,
  note,
  actions,
  empty,
  older,
  all,
}: {
  title: string;
  query: LogQuery<T>;
  columns: readonly RowListColumn<T>[];
  keyOf: (row: T) => string;
  details: (row: T) => ReactNode;
  /** Above the rows. */
  note?: string;
  actions?: ReactNode;
  empty: ReactNode;
  /** On the button that shows the next page. */
  older: string;
  /** Below the last row. */
  all: (count: number) => string;
}) {
  const [open, setOpen] = useSearchText('entry');
  const rowsOf = (data: InfiniteData<{ items: T[] }>) => data.pages.flatMap((page) => page.items);
  return (
    <Panel
      title={title}
      query={query}
      skeletonRem={24}
      actions={actions}
      isEmpty={(data) => rowsOf(data).length === 0}
      empty={empty}
    >
      {(data) => (
        <>
          {note !== undefined && <p className="mb-3 text-muted">{note}</p>}
          <RowList
            caption={title}
            rows={rowsOf(data)}
            columns={columns}
            keyOf={keyOf}
            details={details}
            open={open}
            onOpen={setOpen}
          />
          <div className="mt-3 border-t border-line pt-3 text-muted">
            {query.hasNextPage ? (
              <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {older}
              </Button>
            ) : (
              all(rowsOf(data).length)
            )}
          </div>
        </>
      )}
    </Panel>
  );
}
